//! Delivery reports, awaited as a set.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::types::RDKafkaErrorCode;

/// What became of the records that were handed to librdkafka.
///
/// While all goes well, a report costs two additions and nothing is kept. From the first failure
/// on, reports are kept: those of failures, and those of records that were written after one,
/// which may have to be written again to keep the order.
#[derive(Debug, Default)]
pub(crate) struct Deliveries {
    pending: AtomicUsize,
    written: AtomicU64,
    /// The number of pending records at which the waiting thread wants to be woken.
    wake_at: AtomicUsize,
    has_failures: AtomicBool,
    kept: Mutex<Vec<Report>>,
    gate: Mutex<()>,
    fewer: Condvar,
}

/// What became of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    /// Its row in the batch.
    pub(crate) row: u32,
    /// The partition that it was for; negative if none was chosen yet.
    pub(crate) partition: i32,
    /// Why it was not written; `None` if it was.
    pub(crate) error: Option<RDKafkaErrorCode>,
}

impl Deliveries {
    /// A record is about to be handed over.
    pub(crate) fn sending(&self) {
        self.pending.fetch_add(1, Ordering::SeqCst);
    }

    /// It was not taken.
    pub(crate) fn not_sent(&self) {
        self.pending.fetch_sub(1, Ordering::SeqCst);
    }

    /// A report came. `partition` is only asked for if it has to be kept.
    pub(crate) fn report(
        &self,
        row: usize,
        error: Option<RDKafkaErrorCode>,
        partition: impl FnOnce() -> i32,
    ) {
        if error.is_none() {
            self.written.fetch_add(1, Ordering::Relaxed);
        }
        if error.is_some() || self.has_failures.load(Ordering::Relaxed) {
            let row = u32::try_from(row).unwrap_or(u32::MAX);
            self.has_failures.store(true, Ordering::Relaxed);
            lock(&self.kept).push(Report { row, partition: partition(), error });
        }
        let left = self.pending.fetch_sub(1, Ordering::SeqCst).wrapping_sub(1);
        if left == self.wake_at.load(Ordering::SeqCst) {
            // The waiting thread either holds the gate, and looks once more before it sleeps, or
            // sleeps already.
            drop(lock(&self.gate));
            self.fewer.notify_all();
        }
    }

    /// Records that wait for their report.
    pub(crate) fn pending(&self) -> usize {
        self.pending.load(Ordering::SeqCst)
    }

    /// Records that were written since the client was made.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Waits until at most so many records are pending. False if that took too long.
    pub(crate) fn wait(&self, at_most: usize, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        let mut gate = lock(&self.gate);
        self.wake_at.store(at_most, Ordering::SeqCst);
        while self.pending() > at_most {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            gate = self.fewer.wait_timeout(gate, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// The reports that were kept, and forgets them.
    pub(crate) fn take(&self) -> Vec<Report> {
        self.has_failures.store(false, Ordering::Relaxed);
        std::mem::take(&mut lock(&self.kept))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn reports_are_kept_from_the_first_failure_on() {
        let deliveries = Deliveries::default();
        (0..4).for_each(|_| deliveries.sending());
        let too_large = Some(RDKafkaErrorCode::MessageSizeTooLarge);
        deliveries.report(0, None, || 3);
        deliveries.report(1, too_large, || 3);
        deliveries.report(2, None, || 4);
        assert_eq!((deliveries.pending(), deliveries.written()), (1, 2));
        assert!(!deliveries.wait(0, Duration::from_millis(1)));
        assert!(deliveries.wait(1, Duration::ZERO));
        deliveries.report(3, None, || 5);
        assert!(deliveries.wait(0, Duration::ZERO));
        let kept = deliveries.take();
        assert_eq!(kept.iter().map(|report| report.row).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(kept[0], Report { row: 1, partition: 3, error: too_large });
        deliveries.sending();
        deliveries.report(4, None, || 0);
        assert_eq!(deliveries.take(), []);
    }

    #[test]
    fn who_waits_is_woken() {
        let deliveries = Arc::new(Deliveries::default());
        for at_most in [0, 500] {
            let known = deliveries.pending();
            (known..1_000).for_each(|_| deliveries.sending());
            let theirs = Arc::clone(&deliveries);
            let reporter = std::thread::spawn(move || {
                (0..1_000).for_each(|row| theirs.report(row, None, || 0));
            });
            assert!(deliveries.wait(at_most, Duration::from_secs(10)));
            reporter.join().unwrap();
            assert!(deliveries.wait(0, Duration::ZERO));
        }
    }
}

//! Calls that may never return.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use forebay_core::sink::SinkError;

/// How many calls may hang at the same time before no more are made.
const MOST: usize = 4;
/// How long a call may take at first, and at most: where brokers are only slow, it has to come to
/// an end at last.
const LIMITS: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(60)];

/// Makes calls of a library that may not return when they should, each on a thread of its own.
///
/// Nobody can end such a call. It is left alone, with all that it took: its thread ends, and what
/// it took is dropped, when it returns.
#[derive(Debug)]
pub(crate) struct Patience {
    hanging: Arc<AtomicUsize>,
    limit: Duration,
}

/// Counts a call until it returns, in whatever way.
struct UnderWay(Arc<AtomicUsize>);

impl UnderWay {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(count))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// The call has not returned in time.
    Hanging,
    /// The call ended without an answer, or there is no thread for it.
    Failed,
}

impl Default for Patience {
    fn default() -> Self {
        Self { hanging: Arc::default(), limit: LIMITS[0] }
    }
}

impl Patience {
    /// How long the next call may take.
    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// A call did what it should, or did not: then the next one may take twice as long.
    pub(crate) fn learn(&mut self, is_done: bool) {
        self.limit = if is_done { LIMITS[0] } else { self.limit.saturating_mul(2).min(LIMITS[1]) };
    }

    /// Makes a call, and waits for what it says.
    ///
    /// # Errors
    /// If it says nothing within the limit.
    pub(crate) fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NoAnswer> {
        let (answer, answered) = sync_channel(1);
        let under_way = UnderWay::new(&self.hanging);
        let work = move || {
            let said = call();
            drop(under_way);
            // Nobody may be waiting any more; then it is dropped here.
            let _ = answer.send(said);
        };
        let thread = thread::Builder::new().name("kafka-call".to_owned()).spawn(work);
        thread.map_err(|_| NoAnswer::Failed)?;
        answered.recv_timeout(self.limit).map_err(|error| match error {
            RecvTimeoutError::Timeout => NoAnswer::Hanging,
            RecvTimeoutError::Disconnected => NoAnswer::Failed,
        })
    }

    /// Whether another call may be made.
    ///
    /// # Errors
    /// If too many have not returned: each keeps a client of its own.
    pub(crate) fn check(&self) -> Result<(), SinkError> {
        if self.hanging.load(Ordering::Acquire) < MOST {
            return Ok(());
        }
        Err(SinkError::Disconnected(format!(
            "{MOST} calls of librdkafka have not returned, each waits for a broker that is away; \
             the next client is made when one of them returns"
        )))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    fn patience(limit: Duration) -> Patience {
        Patience { limit, ..Patience::default() }
    }

    #[test]
    fn what_hangs_is_left_alone_and_counted_until_it_returns() {
        let patience = patience(Duration::from_millis(1));
        let mut ends = Vec::new();
        for _ in 0..MOST {
            patience.check().unwrap();
            let (end, ended) = channel::<()>();
            let hung = patience.call(move || ended.recv());
            assert_eq!(hung.map(drop), Err(NoAnswer::Hanging));
            ends.push(end);
        }
        let text = patience.check().unwrap_err().to_string();
        assert!(text.contains("4 calls"), "{text}");
        ends.pop();
        while patience.check().is_err() {
            thread::yield_now();
        }
    }

    #[test]
    fn what_a_call_says_is_passed_on_and_a_call_that_panics_says_nothing() {
        let patience = patience(Duration::from_secs(60));
        assert_eq!(patience.call(|| 7), Ok(7));
        let said = patience.call(|| -> u8 { std::panic::resume_unwind(Box::new(())) });
        assert_eq!(said, Err(NoAnswer::Failed));
        assert_eq!(patience.hanging.load(Ordering::Acquire), 0);
    }

    #[test]
    fn each_failure_doubles_the_limit_up_to_a_minute() {
        let mut patience = Patience::default();
        let mut limits = vec![patience.limit().as_secs()];
        for is_done in [false, false, false, false, false, false, true] {
            patience.learn(is_done);
            limits.push(patience.limit().as_secs());
        }
        assert_eq!(limits, [3, 6, 12, 24, 48, 60, 60, 3]);
    }
}

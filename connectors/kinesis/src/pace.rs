//! How fast a shard may be read.
//!
//! [The service's limits](https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html)
//! for each shard: five calls and 2 MiB a second. They are kept here, so that a reader alone is
//! never throttled; those who share a shard are, and back off.

use std::time::Duration;

use forebay_core::backoff::Backoff;
use tokio::time::Instant;

/// Between two calls.
const BETWEEN_CALLS: Duration = Duration::from_millis(200);
const BYTES_PER_SECOND: f64 = (2 << 20) as f64;

/// Pauses after calls that failed.
pub(crate) const BACKOFF: Backoff =
    Backoff { initial: Duration::from_millis(250), max: Duration::from_secs(5), jitter: 0.5 };

/// When a shard may be read next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    next: Instant,
}

impl Pace {
    pub(crate) fn new(now: Instant) -> Self {
        Self { next: now }
    }

    /// When the next call may be made, which is then thought of as made: calls of several who
    /// share the pace queue up.
    pub(crate) fn book(&mut self, now: Instant) -> Instant {
        let at = self.next.max(now);
        self.next = at + BETWEEN_CALLS;
        at
    }

    /// Notes how many bytes a call that was made at `at` brought.
    pub(crate) fn took(&mut self, at: Instant, bytes: u64) {
        #[expect(clippy::cast_precision_loss, reason = "a reply has at most some MiB")]
        let pause = Duration::from_secs_f64(bytes as f64 / BYTES_PER_SECOND);
        self.next = self.next.max(at + pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_calls_and_two_mebibytes_a_second() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let at: Vec<u128> = (0..6).map(|_| (pace.book(start) - start).as_millis()).collect();
        assert_eq!(at, [0, 200, 400, 600, 800, 1000]);
        let later = start + Duration::from_secs(10);
        assert_eq!(pace.book(later), later);
        // The most that one reply holds makes calls in the next five seconds throttle.
        pace.took(later, 10 << 20);
        assert_eq!(pace.book(later) - later, Duration::from_secs(5));
        assert_eq!(pace.book(later) - later, Duration::from_millis(5200));
    }
}

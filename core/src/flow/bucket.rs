//! A token bucket: a configured limit.

use std::time::Duration;

/// A rate and the burst that it allows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Units (records or bytes) per second, above 0; fractions are fine.
    pub per_second: f64,
    /// Units that may pass at once after a pause, at least 1.
    pub burst: f64,
}

/// A token bucket of `governor`, asked without waiting: how much may pass now?
#[derive(Debug)]
pub struct Bucket {}

impl Bucket {
    /// A full bucket.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        let _ = rate;
        Self {}
    }

    /// What may pass now, without taking it. `now` is any monotonic time.
    #[must_use]
    pub fn available(&self, now: Duration) -> u64 {
        let _ = now;
        u64::MAX
    }

    /// Takes what passed. More than available makes a debt, which is paid before more may pass.
    pub fn take(&self, now: Duration, units: u64) {
        let _ = (now, units);
    }

    /// The time until so many units are available; zero if they are now.
    #[must_use]
    pub fn wait(&self, now: Duration, units: u64) -> Duration {
        let _ = (now, units);
        Duration::ZERO
    }

    /// Sets another rate; what was taken under the old one still counts.
    pub fn set_rate(&mut self, now: Duration, rate: Rate) {
        let _ = (now, rate);
    }
}

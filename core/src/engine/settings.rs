//! How a pipeline runs.

use std::sync::Arc;
use std::time::Duration;

use crate::backoff::Backoff;
use crate::flow::Backpressure;
use crate::trigger::Trigger;

/// How a pipeline runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// What starts a batch.
    pub trigger: Trigger,
    /// Whether to end once everything is done that was there at the start.
    pub available_now: bool,
    /// The controller; `None` = off.
    pub backpressure: Option<Backpressure>,
    /// Records per second over all sources; `None` = no limit.
    pub max_rate: Option<f64>,
    /// The most records of one batch.
    pub max_batch_records: u64,
    /// The most bytes of raw records of one batch.
    pub max_batch_bytes: u64,
    /// Batches between being read and being written, at least 1.
    pub max_in_flight: usize,
    /// How long a stop may take to drain what was read.
    pub stop_timeout: Duration,
    /// Pauses between attempts to connect, and between attempts of the pipeline as a whole.
    pub backoff: Backoff,
}

impl Settings {
    /// Settings with the defaults of the configuration file.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            trigger: Trigger::Interval(Duration::from_millis(500)),
            available_now: false,
            backpressure: None,
            max_rate: None,
            max_batch_records: 1_000_000,
            max_batch_bytes: 4 << 20,
            max_in_flight: 2,
            stop_timeout: Duration::from_secs(30),
            backoff: Backoff::default(),
        }
    }

    /// The time that one batch is about: the interval, or what stands in for it where there is
    /// none. Bursts of limits are counted in it.
    #[must_use]
    pub fn period(&self) -> Duration {
        match self.trigger {
            Trigger::Interval(interval) if !interval.is_zero() => interval,
            _ => Duration::from_millis(100),
        }
    }
}

//! Spark Streaming's rate estimator.

use std::time::Duration;

use super::{Backpressure, Estimator, Observation};

/// Spark Streaming's rate estimator.
#[derive(Clone, Debug)]
pub struct Pid {}

impl Pid {
    /// An estimator with these gains.
    #[must_use]
    pub fn new(settings: &Backpressure, interval: Duration) -> Self {
        let _ = (settings, interval);
        Self {}
    }
}

impl Estimator for Pid {
    fn observe(&mut self, _batch: &Observation) -> Option<f64> {
        None
    }
}

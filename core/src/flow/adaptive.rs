//! The estimator that fits what a batch costs.

use std::time::Duration;

use super::{Backpressure, Estimator, Observation};

/// The estimator that fits what a batch costs.
#[derive(Clone, Debug)]
pub struct Adaptive {}

impl Adaptive {
    /// An estimator with this headroom.
    #[must_use]
    pub fn new(settings: &Backpressure, interval: Duration) -> Self {
        let _ = (settings, interval);
        Self {}
    }
}

impl Estimator for Adaptive {
    fn observe(&mut self, _batch: &Observation) -> Option<f64> {
        None
    }
}

//! The pipeline's rate, as the estimator finds it.

use std::time::Duration;

use crate::flow::{Backpressure, Estimator, Observation};
use crate::progress::Control;

/// The pipeline's rate, as the estimator finds it.
#[derive(Debug)]
pub(super) struct Controller {
    estimator: Box<dyn Estimator>,
    minimum: f64,
    maximum: f64,
    rate: Option<f64>,
}

impl Controller {
    pub(super) fn new(settings: &Backpressure, period: Duration) -> Self {
        let maximum = settings.maximum.unwrap_or(f64::INFINITY);
        Self {
            estimator: settings.estimator(period),
            minimum: settings.minimum,
            maximum,
            rate: settings.initial.or(settings.maximum).map(|rate| rate.min(maximum)),
        }
    }

    /// The rate in force, in records per second; `None` while there is no estimate.
    pub(super) fn rate(&self) -> Option<f64> {
        self.rate
    }

    /// What listeners are told of it.
    pub(super) fn told(&self) -> Control {
        Control { rate: self.rate, terms: self.estimator.terms() }
    }

    pub(super) fn observe(&mut self, batch: &Observation) {
        if let Some(rate) = self.estimator.observe(batch) {
            self.rate = Some(rate.max(self.minimum).min(self.maximum));
        }
    }
}

//! An estimator over batches that really were.

use std::time::Duration;

use crate::flow::{Backpressure, Observation};

/// The rate that the estimator of these settings would have published after each batch, in
/// records per second; `None` where it would have published nothing.
///
/// The batches are what they were: their sizes do not follow the rates that come out.
#[must_use]
pub fn replay(
    observations: &[Observation],
    interval: Duration,
    settings: &Backpressure,
) -> Vec<Option<f64>> {
    let mut estimator = settings.estimator(interval);
    observations.iter().map(|batch| estimator.observe(batch)).collect()
}

//! What happened in a run, batch by batch.

use std::time::Duration;

use crate::flow::Observation;

/// What happened in a run, batch by batch. Batches without records are left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// The interval of the pipeline.
    pub interval: Duration,
    /// The batches.
    pub steps: Vec<Step>,
}

/// One batch of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// When its processing began, in milliseconds since the run began.
    pub began_ms: f64,
    /// Records that waited when it began.
    pub offered: u64,
    /// Records in it.
    pub records: u64,
    /// Time that its processing took, in milliseconds.
    pub processing_ms: f64,
    /// Time that it would have taken without noise, in milliseconds.
    pub expected_ms: f64,
    /// Time from when it was due until its processing began, in milliseconds.
    pub delay_ms: f64,
    /// Whether the rate kept it from being larger.
    pub limited: bool,
    /// The rate under which it was read, in records per second; `None` = no limit.
    pub rate: Option<f64>,
}

impl Trace {
    /// What the engine would have told an estimator of these batches.
    #[must_use]
    pub fn observations(&self) -> Vec<Observation> {
        self.steps.iter().map(Step::observation).collect()
    }
}

impl Step {
    /// What the engine would have told an estimator of this batch.
    #[must_use]
    pub fn observation(&self) -> Observation {
        Observation {
            time_ms: self.began_ms + self.processing_ms,
            records: self.records as f64,
            processing_ms: self.processing_ms,
            scheduling_delay_ms: self.delay_ms,
            limited: self.limited,
        }
    }
}

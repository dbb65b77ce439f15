//! What arrives, and what a batch costs.

use std::time::Duration;

/// What arrives, and what a batch costs. Times are intervals since the run began.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// The interval of the pipeline.
    pub interval: Duration,
    /// How long it runs, in intervals.
    pub intervals: u32,
    /// The interval at which something changes: from here on a run is judged.
    pub change: u32,
    /// What a batch costs that begins in this interval.
    pub cost: fn(interval: f64) -> Cost,
    /// The standard deviation of the logarithm of a batch's cost; 0 = none.
    pub noise: f64,
    /// The seed of the noise.
    pub seed: u64,
    /// What arrives.
    pub streams: Vec<Stream>,
}

/// What a batch costs, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Of a batch of any size.
    pub fixed: f64,
    /// Of each record.
    pub each: f64,
}

impl Cost {
    /// The cost of a batch of so many records.
    #[must_use]
    pub fn of(self, records: f64) -> f64 {
        self.fixed + self.each * records
    }
}

/// What arrives in one split.
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    /// Records that wait there at first.
    pub backlog: f64,
    /// Records per interval that arrive in this interval.
    pub arrivals: fn(interval: u32) -> f64,
    /// The most that it yields in one batch, whatever it is granted; a slow split.
    pub yields: Option<u64>,
}

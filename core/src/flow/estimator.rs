//! What finds the rate that the sinks sustain.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Adaptive, Pid};
use crate::component::Problem;
use crate::progress::Term;

/// Finds the rate that the sinks sustain from what past batches cost. A pure state machine: it
/// has no clock.
pub trait Estimator: Send + fmt::Debug {
    /// Takes in a completed batch and returns the new rate in records per second, or `None` if
    /// this batch says nothing.
    fn observe(&mut self, batch: &Observation) -> Option<f64>;

    /// How it came to its last rate: the terms of its formula, for people to see.
    fn terms(&self) -> Vec<Term> {
        Vec::new()
    }
}

/// What a completed batch tells an estimator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// When it was complete, in milliseconds.
    pub time_ms: f64,
    /// Records in it.
    pub records: f64,
    /// Time that its processing took, in milliseconds.
    pub processing_ms: f64,
    /// Time from when it was due until its processing began, in milliseconds.
    pub scheduling_delay_ms: f64,
    /// Whether more could have been read, had the controller's rate allowed it.
    pub limited: bool,
}

/// Which estimator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EstimatorKind {
    /// Spark Streaming's formula, to the digit.
    #[default]
    Pid,
    /// Fits what a batch costs and aims below the interval.
    Adaptive,
}

/// The controller that keeps the rate to what the sinks sustain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Backpressure {
    /// Which estimator finds the rate.
    pub estimator: EstimatorKind,
    /// `pid`: how strongly the last error counts. At least 0.
    pub proportional: f64,
    /// `pid`: how strongly the records that queued up count. At least 0.
    pub integral: f64,
    /// `pid`: how strongly the change of the error counts. At least 0.
    pub derivative: f64,
    /// The lowest rate that is ever set, in records per second. Above 0.
    pub minimum: f64,
    /// The rate until the first estimate, in records per second; absent = no limit but those of
    /// the sources.
    pub initial: Option<f64>,
    /// The highest rate that is ever set, in records per second; absent = no limit.
    pub maximum: Option<f64>,
    /// `adaptive`: the part of the interval that a batch should take, above 0 and at most 1.
    pub headroom: f64,
}

impl Default for Backpressure {
    fn default() -> Self {
        Self {
            estimator: EstimatorKind::Pid,
            proportional: 1.0,
            integral: 0.2,
            derivative: 0.0,
            minimum: 100.0,
            initial: None,
            maximum: None,
            headroom: 0.8,
        }
    }
}

impl Backpressure {
    /// The estimator for a pipeline with this interval.
    #[must_use]
    pub fn estimator(&self, interval: Duration) -> Box<dyn Estimator> {
        match self.estimator {
            EstimatorKind::Pid => Box::new(Pid::new(self, interval)),
            EstimatorKind::Adaptive => Box::new(Adaptive::new(self, interval)),
        }
    }

    /// Finds what is out of range: the gains and the minimum as Spark's constructor refuses them,
    /// and the rates that contradict each other.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut refuse = |fits: bool, key: &str, value: f64, range: &str| {
            if !fits {
                let message = format!("{value} is out of range");
                problems.push(Problem::at(key, message).help(format!("write a value {range}")));
            }
        };
        for (key, gain) in [
            ("proportional", self.proportional),
            ("integral", self.integral),
            ("derivative", self.derivative),
        ] {
            refuse(gain.is_finite() && gain >= 0.0, key, gain, "of at least 0");
        }
        let positive = |rate: f64| rate.is_finite() && rate > 0.0;
        refuse(positive(self.minimum), "minimum", self.minimum, "above 0");
        for (key, rate) in [("initial", self.initial), ("maximum", self.maximum)] {
            let Some(rate) = rate else { continue };
            refuse(positive(rate), key, rate, "above 0, or leave it out");
        }
        let fits = self.headroom > 0.0 && self.headroom <= 1.0;
        refuse(fits, "headroom", self.headroom, "above 0 and at most 1");
        if let Some(maximum) = self.maximum {
            for (key, rate) in [("minimum", Some(self.minimum)), ("initial", self.initial)] {
                if let Some(rate) = rate.filter(|rate| *rate > maximum) {
                    let message = format!("{rate} is above `maximum`, {maximum}");
                    let help = "lower it, or raise `maximum`";
                    problems.push(Problem::at(key, message).help(help));
                }
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_in_range_and_each_value_out_of_range_is_found() {
        let default = Backpressure::default;
        assert_eq!(default().check(), []);
        let bounds = Backpressure { headroom: 1.0, proportional: 0.0, ..default() };
        assert_eq!(bounds.check(), []);
        let wrong = [
            ("proportional", Backpressure { proportional: -0.1, ..default() }),
            ("integral", Backpressure { integral: f64::NAN, ..default() }),
            ("derivative", Backpressure { derivative: f64::INFINITY, ..default() }),
            ("minimum", Backpressure { minimum: 0.0, ..default() }),
            ("initial", Backpressure { initial: Some(0.0), ..default() }),
            ("maximum", Backpressure { maximum: Some(f64::INFINITY), ..default() }),
            ("headroom", Backpressure { headroom: 0.0, ..default() }),
            ("headroom", Backpressure { headroom: 1.01, ..default() }),
            ("minimum", Backpressure { maximum: Some(99.0), ..default() }),
            ("initial", Backpressure { maximum: Some(200.0), initial: Some(201.0), ..default() }),
        ];
        for (key, settings) in wrong {
            let problems = settings.check();
            assert_eq!(problems.len(), 1, "{settings:?}");
            assert_eq!(problems[0].path, [key]);
        }
    }
}

//! Whether and when to try again: a pure decision.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::backoff::Backoff;
use crate::units::TimeSpan;

/// How a sink's failed rows and batches are tried again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RetryPolicy {
    /// Attempts for one row before it becomes a dead letter, the first included; 0 = no limit.
    /// A batch that fails as a whole (server away) is always tried until it succeeds.
    pub max_attempts: u32,
    /// The pause before the second attempt; it doubles from attempt to attempt.
    pub initial: TimeSpan,
    /// The longest pause.
    pub max: TimeSpan,
    /// How much of each pause is left to chance, from 0 to 1, so that many gateways do not try
    /// in step.
    pub jitter: f64,
    /// The longest time that one row may be tried before it becomes a dead letter; absent = no
    /// limit.
    pub budget: Option<TimeSpan>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 0,
            initial: TimeSpan::from_millis(100),
            max: TimeSpan::from_secs(5),
            jitter: 0.5,
            budget: None,
        }
    }
}

/// What is to be decided on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Failure {
    /// Attempts so far, at least 1.
    pub attempts: u32,
    /// Time since the first attempt.
    pub elapsed: Duration,
    /// Whether single rows failed, as opposed to the batch as a whole.
    pub rows: bool,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Try again after this pause.
    RetryAfter(Duration),
    /// The rows become dead letters.
    DeadLetter,
}

impl RetryPolicy {
    /// Decides. `chance` is uniform in `[0, 1)`.
    #[must_use]
    pub fn decide(&self, failure: Failure, chance: f64) -> Decision {
        let pause = self.backoff().pause(failure.attempts, chance);
        let out_of_attempts = self.max_attempts > 0 && failure.attempts >= self.max_attempts;
        let out_of_budget = self.budget.is_some_and(|budget| failure.elapsed + pause > budget.0);
        if failure.rows && (out_of_attempts || out_of_budget) {
            return Decision::DeadLetter;
        }
        Decision::RetryAfter(pause)
    }

    /// The pauses of this policy.
    #[must_use]
    pub fn backoff(&self) -> Backoff {
        Backoff { initial: self.initial.0, max: self.max.0, jitter: self.jitter.clamp(0.0, 1.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(attempts: u32, elapsed_ms: u64, rows: bool) -> Failure {
        Failure { attempts, elapsed: Duration::from_millis(elapsed_ms), rows }
    }

    #[test]
    fn a_batch_is_tried_for_ever_and_a_row_within_its_bounds() {
        let policy = RetryPolicy {
            max_attempts: 3,
            jitter: 0.0,
            budget: Some(TimeSpan::from_secs(1)),
            ..RetryPolicy::default()
        };
        let after = |millis| Decision::RetryAfter(Duration::from_millis(millis));
        let table = [
            (failure(1, 0, true), after(100)),
            (failure(2, 100, true), after(200)),
            (failure(3, 300, true), Decision::DeadLetter),
            (failure(2, 900, true), Decision::DeadLetter),
            (failure(3, 5_000, false), after(400)),
            (failure(40, 500_000, false), after(5_000)),
        ];
        for (failure, decision) in table {
            assert_eq!(policy.decide(failure, 0.9), decision, "{failure:?}");
        }
    }
}

//! Pauses that double, with jitter: a pure function of the attempt and of chance.

use std::time::Duration;

/// Pauses between attempts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// The pause after the first failure.
    pub initial: Duration,
    /// The longest pause.
    pub max: Duration,
    /// How much of each pause is left to chance, from 0 to 1.
    pub jitter: f64,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { initial: Duration::from_millis(100), max: Duration::from_secs(5), jitter: 0.5 }
    }
}

impl Backoff {
    /// The pause after so many failures in a row (at least 1). `chance` is uniform in `[0, 1)`.
    /// The pause is never longer than `max`, and at least `(1 - jitter)` of its full length.
    #[must_use]
    pub fn pause(&self, failures: u32, chance: f64) -> Duration {
        let doublings = failures.saturating_sub(1).min(32);
        let full = self.initial.saturating_mul(2_u32.saturating_pow(doublings)).min(self.max);
        full.mul_f64(1.0 - self.jitter.clamp(0.0, 1.0) * chance.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_pause_stays_within_its_bounds(failures in 1_u32.., chance in 0.0..1.0, jitter in 0.0..=1.0) {
            let backoff = Backoff { jitter, ..Backoff::default() };
            let pause = backoff.pause(failures, chance);
            prop_assert!(pause <= backoff.max);
            prop_assert!(pause.as_secs_f64() >= backoff.initial.as_secs_f64() * (1.0 - jitter) - 1e-6);
        }
    }
}

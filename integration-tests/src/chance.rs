//! Randomness that can be had again.

use std::env;
use std::time::Duration;

use fastrand::Rng;

/// Randomness that can be had again: from `FOREBAY_CRASH_SEED`, else from the clock. Print it, so
/// that a failure can be repeated.
#[derive(Debug)]
pub struct Chance {
    seed: u64,
    rng: Rng,
}

impl Chance {
    /// The seed of this run.
    #[must_use]
    pub fn new() -> Self {
        let given = env::var("FOREBAY_CRASH_SEED").ok().and_then(|seed| seed.parse().ok());
        Self::from_seed(given.unwrap_or_else(|| fastrand::u64(..)))
    }

    /// Chance from a seed.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        Self { seed, rng: Rng::with_seed(seed) }
    }

    /// What to set `FOREBAY_CRASH_SEED` to for the same choices.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// A duration between two, most often a short one: starting and the first batches hold more
    /// distinct instants than the steady state does.
    pub fn short_of(&mut self, least: Duration, most: Duration) -> Duration {
        let share = self.rng.f64() * self.rng.f64();
        least + most.saturating_sub(least).mul_f64(share)
    }

    /// A number below `bound`, which must not be 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.rng.u64(..bound.max(1))
    }
}

impl Default for Chance {
    fn default() -> Self {
        Self::new()
    }
}

/// How many times a scenario kills the gateway at a random instant: `FOREBAY_CRASH_ROUNDS`, or a
/// number that suits a test run on two cores.
#[must_use]
pub fn rounds() -> u32 {
    env::var("FOREBAY_CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(24)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_choices_within_the_bounds() {
        let (least, most) = (Duration::from_millis(20), Duration::from_millis(900));
        let draw = |seed| {
            let mut chance = Chance::from_seed(seed);
            (0..100).map(|_| chance.short_of(least, most)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        assert!(draw(7).iter().all(|delay| (least..=most).contains(delay)));
    }
}

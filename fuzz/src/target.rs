//! One parser, fed with any bytes.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{TARGETS, panics};

/// One parser, fed with any bytes.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// Parses the bytes, and panics if something is wrong.
    pub run: fn(&[u8]),
    /// Inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

impl Target {
    /// The target of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        TARGETS.iter().find(|target| target.name == name)
    }

    /// Feeds it once.
    ///
    /// # Errors
    /// What the panic said, and where.
    pub fn try_run(&self, data: &[u8]) -> Result<(), String> {
        catch_unwind(AssertUnwindSafe(|| (self.run)(data))).map_err(|_| panics::last())
    }
}

#[cfg(test)]
mod tests {
    use crate::{Mutation, TARGETS};

    /// Inputs for each target in a test run: enough to see that it works.
    const INPUTS: u64 = 1_500;

    #[test]
    fn every_target_takes_its_seeds_and_what_becomes_of_them() {
        for target in TARGETS {
            let seeds = (target.seeds)();
            assert!(!seeds.is_empty(), "{}", target.name);
            for seed in &seeds {
                (target.run)(seed);
            }
            let mut mutation = Mutation::new(seeds, 7);
            for _ in 0..INPUTS {
                let input = mutation.next_input();
                assert_eq!(target.try_run(&input), Ok(()), "{} with {input:?}", target.name);
            }
        }
    }

    #[test]
    fn a_target_that_panics_is_seen() {
        let target = super::Target {
            name: "wrong",
            run: |data| assert!(data.len() < 3, "three bytes"),
            seeds: || vec![vec![0]],
        };
        assert_eq!(target.try_run(&[1, 2]), Ok(()));
        assert!(target.try_run(&[1, 2, 3]).is_err());
    }
}

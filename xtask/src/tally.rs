//! Counting tests over all test binaries.

/// How many tests passed and failed so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Tests that passed.
    pub(crate) passed: u64,
    /// Tests that failed.
    pub(crate) failed: u64,
}

impl Tally {
    /// Takes a line of the test runner's output into account.
    pub(crate) fn see(&mut self, line: &str) {
        let Some(rest) = line.trim_start().strip_prefix("test result: ") else { return };
        let Some((_, counts)) = rest.split_once(". ") else { return };
        for part in counts.split(';') {
            let mut words = part.split_whitespace();
            let number = words.next().and_then(|number| number.parse::<u64>().ok());
            match (number, words.next()) {
                (Some(number), Some("passed")) => self.passed += number,
                (Some(number), Some("failed")) => self.failed += number,
                _ => {}
            }
        }
    }

    /// Takes into account how the runner ended: a test binary that died, or did not build, left
    /// no line of its own.
    pub(crate) fn end(&mut self, well: bool) {
        if !well && self.failed == 0 {
            self.failed = 1;
        }
    }

    /// The line that sums it up.
    pub(crate) fn line(self) -> String {
        format!("{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OK: &str = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; \
                      finished in 0.05s";
    const BAD: &str = "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; \
                       0 filtered out; finished in 1.00s";

    #[test]
    fn results_of_all_binaries_add_up() {
        let mut tally = Tally::default();
        for line in ["running 13 tests", "test a ... ok", OK, "", BAD, "test b ... FAILED"] {
            tally.see(line);
        }
        assert_eq!(tally.line(), "15 passed, 2 failed");
    }

    #[test]
    fn a_binary_that_died_counts_as_a_failure() {
        let mut tally = Tally::default();
        tally.see(OK);
        tally.end(false);
        assert_eq!(tally, Tally { passed: 12, failed: 1 });
    }

    #[test]
    fn a_failure_that_was_counted_is_not_counted_again() {
        let mut tally = Tally::default();
        tally.see(BAD);
        tally.end(false);
        assert_eq!(tally, Tally { passed: 3, failed: 2 });
    }
}

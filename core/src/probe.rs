//! Looking step by step whether a system can be used, and what stands in the way if not.

use std::borrow::Cow;

use serde::Serialize;

/// What was found of a system, step by step, up to the first that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Probed {
    steps: Vec<Step>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What was tried, in a word or two: `name`, `port`, `login`, `topic`.
    pub name: Cow<'static, str>,
    /// What was found, or what stands in the way.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// All is well.
    Well {
        /// What was found, in a few words.
        found: String,
    },
    /// It stands in the way, and what comes after it was not tried.
    Failed {
        /// What is wrong.
        reason: String,
        /// What to do about it.
        help: String,
    },
}

/// What stands in the way, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    reason: String,
    help: String,
}

/// A step failed; nothing after it makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halted;

impl Obstacle {
    /// What is wrong, and what to do about it.
    #[must_use]
    pub fn new(reason: impl ToString, help: impl Into<String>) -> Self {
        Self { reason: reason.to_string(), help: help.into() }
    }
}

impl Probed {
    /// The steps, in their order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether no step failed.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.steps.iter().all(|step| matches!(step.outcome, Outcome::Well { .. }))
    }

    /// Adds a step that went well.
    pub fn well(&mut self, name: impl Into<Cow<'static, str>>, found: impl Into<String>) {
        let outcome = Outcome::Well { found: found.into() };
        self.steps.push(Step { name: name.into(), outcome });
    }

    /// Adds a step: `Ok` with what was found, or what stands in the way.
    ///
    /// # Errors
    /// That it failed, so that a `?` ends the probe there.
    pub fn step(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        result: Result<String, Obstacle>,
    ) -> Result<(), Halted> {
        match result {
            Ok(found) => {
                self.well(name, found);
                Ok(())
            }
            Err(Obstacle { reason, help }) => {
                let outcome = Outcome::Failed { reason, help };
                self.steps.push(Step { name: name.into(), outcome });
                Err(Halted)
            }
        }
    }

    /// A probe of one step, for what can only be opened or not.
    #[must_use]
    pub fn opened(result: Result<(), String>) -> Self {
        let mut probed = Self::default();
        let result = result
            .map(|()| "it can be opened".to_owned())
            .map_err(|reason| Obstacle::new(reason, "mend what it says, and probe again"));
        // It is the only step.
        let _ = probed.step("opened", result);
        probed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_ends_at_the_first_step_that_failed() {
        fn probe(probed: &mut Probed) -> Result<(), Halted> {
            probed.step("name", Ok("127.0.0.1".to_owned()))?;
            probed.step("port", Err(Obstacle::new("refused", "start it")))?;
            probed.step("login", Ok(String::new()))
        }
        let mut probed = Probed::default();
        assert_eq!(probe(&mut probed), Err(Halted));
        assert!(!probed.is_well());
        let told = serde_json::to_value(&probed).unwrap();
        let expected = serde_json::json!({ "steps": [
            { "name": "name", "outcome": "well", "found": "127.0.0.1" },
            { "name": "port", "outcome": "failed", "reason": "refused", "help": "start it" },
        ]});
        assert_eq!(told, expected);
        assert!(Probed::opened(Ok(())).is_well() && !Probed::opened(Err("no".into())).is_well());
    }
}

//! The options of one component, without their type.

use std::fmt;

use forebay_core::component::{BuildContext, Claim, Input, Problem};
use forebay_core::sink::Sink;
use serde_json::Value;

use super::entry::Entry;
use crate::schema::without_secrets;

/// The options of one component in a configuration, checked against its type, from which
/// instances are built: one for each pipeline that uses it, and a new one after each restart.
#[derive(Clone)]
pub struct Settings {
    pub(super) entry: Entry,
    pub(super) options: Value,
}

impl Settings {
    /// The type.
    #[must_use]
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// What is wrong beyond the schema; pure.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        (self.entry.functions.check)(&self.options)
    }

    /// What an instance needs for itself.
    #[must_use]
    pub fn claims(&self) -> Vec<Claim> {
        (self.entry.functions.claims)(&self.options)
    }

    /// The options as they run, defaults included and secrets removed.
    #[must_use]
    pub fn shown(&self) -> Value {
        // A type whose options do not serialize is shown as its options were given.
        let complete = (self.entry.functions.complete)(&self.options);
        without_secrets(self.entry.own(), complete.unwrap_or_else(|| self.options.clone()))
    }

    /// Makes an input, without I/O.
    ///
    /// # Errors
    /// What is wrong with the options, or that this is no input.
    pub fn build_input(&self, context: &BuildContext) -> Result<Input, Problem> {
        match self.entry.functions.input {
            Some(build) => build(&self.options, context),
            None => Err(Problem::at("type", format!("`{}` is no source", self.entry.name()))),
        }
    }

    /// Makes a sink, without I/O.
    ///
    /// # Errors
    /// What is wrong with the options, or that this is no sink.
    pub fn build_sink(&self, context: &BuildContext) -> Result<Box<dyn Sink>, Problem> {
        match self.entry.functions.sink {
            Some(build) => build(&self.options, context),
            None => Err(Problem::at("type", format!("`{}` is no sink", self.entry.name()))),
        }
    }
}

/// Without the options: there may be secrets among them.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("type", &self.entry.name()).finish_non_exhaustive()
    }
}

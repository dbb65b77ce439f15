//! How a connector or a sink introduces itself.
//!
//! A component is a configuration type and a constructor. The doc comments of the configuration
//! type are its manual: the options reference, the JSON Schema, `forebay new` and the check of a
//! configuration file are all made from them.
//!
//! Three phases: [`Component::check`] is pure and finds all that can be known without I/O,
//! `build` allocates but neither spawns nor connects, and the first I/O is `connect` (or `run`),
//! which the engine repeats with back-off.

use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use crate::observe::Observe;
use crate::receiver::Receiver;
use crate::sink::Sink;
use crate::source::Source;

/// What sources and sinks have in common.
pub trait Component: 'static {
    /// The options. Defaults belong in `#[serde(default = ...)]`, where the schema sees them.
    type Config: DeserializeOwned + Serialize + JsonSchema + Send + Sync + 'static;

    /// The word for `type = "..."`, such as `kafka`.
    const TYPE: &'static str;

    /// Finds what is wrong with the options beyond their types: ranges, options that exclude
    /// each other, patterns that do not parse. Pure: no I/O, and all findings at once.
    fn check(config: &Self::Config) -> Vec<Problem> {
        let _ = config;
        Vec::new()
    }

    /// The ports and paths that a running instance needs for itself, so that two components
    /// that want the same are found before they start.
    fn claims(config: &Self::Config) -> Vec<Claim> {
        let _ = config;
        Vec::new()
    }
}

/// An input.
pub trait SourceComponent: Component {
    /// Makes an instance for one pipeline, without I/O.
    ///
    /// # Errors
    /// What is wrong with the options, if `check` could not see it.
    fn build(config: Self::Config, context: &BuildContext) -> Result<Input, Problem>;
}

/// A destination.
pub trait SinkComponent: Component {
    /// Makes an instance for one pipeline, without I/O.
    ///
    /// # Errors
    /// What is wrong with the options, if `check` could not see it.
    fn build(config: Self::Config, context: &BuildContext) -> Result<Box<dyn Sink>, Problem>;
}

/// The two kinds of inputs.
pub enum Input {
    /// It can be read again from a position.
    Source(Box<dyn Source>),
    /// It pushes, and needs a journal.
    Receiver(Box<dyn Receiver>),
}

/// What an instance may know of its surroundings.
#[derive(Clone, Debug)]
pub struct BuildContext {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// The pipeline that it is built for.
    pub pipeline: Arc<str>,
    /// The folder of the configuration file: relative paths in options begin here.
    pub base: PathBuf,
    /// A text that no other instance in any checkpoint has: for names of temporary files.
    pub instance: Arc<str>,
}

impl BuildContext {
    /// A path of the options, relative to the folder of the configuration file.
    #[must_use]
    pub fn path(&self, path: &std::path::Path) -> PathBuf {
        self.base.join(path)
    }
}

/// Something wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The keys that lead to it, from the component's own table inwards; empty for the table.
    pub path: Vec<String>,
    /// What is wrong, in lower case and without a full stop.
    pub message: String,
    /// What to do about it, if that is not plain.
    pub help: Option<String>,
}

impl Problem {
    /// A problem with the option at a dotted path.
    #[must_use]
    pub fn at(path: &str, message: impl Into<String>) -> Self {
        let path = path.split('.').filter(|key| !key.is_empty()).map(str::to_owned).collect();
        Self { path, message: message.into(), help: None }
    }

    /// The same problem as seen from the table around its own, where that stands as `key`.
    #[must_use]
    pub fn within(mut self, key: &str) -> Self {
        self.path.insert(0, key.to_owned());
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Something that only one component can have.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Claim {
    /// A listening address, such as `tcp://0.0.0.0:9000`. Port 0 claims nothing.
    Address(String),
    /// A folder or file that is written.
    Path(PathBuf),
}

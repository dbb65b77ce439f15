//! `forebay simulate`: what the estimators would have done.
//!
//! `command` is the command line, `past` reads recorded batches, `recorded` replays them through
//! both estimators, `scenario` runs them against a model of a pipeline.

mod command;
mod past;
mod recorded;
mod scenario;

pub(super) use command::Simulate;

//! `forebay checkpoint`: looking into checkpoints, and mending them.
//!
//! `command` is the command line, `show`, `verify` and `repair` are what it does.

mod command;
mod repair;
mod show;
mod verify;

pub(super) use command::Checkpoint;

//! `forebay dead-letters`: looking at records that could not be delivered, and sending them again.
//!
//! `command` is the command line, `show` and `replay` are what it does.

mod command;
mod replay;
mod show;

pub(super) use command::DeadLetters;

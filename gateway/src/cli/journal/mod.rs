//! `forebay journal`: looking into what receivers took and pipelines have not committed yet.
//!
//! `command` is the command line, `report` says what stands in a journal.

mod command;
mod report;

pub(super) use command::Journal;

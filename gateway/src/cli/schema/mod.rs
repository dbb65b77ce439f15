//! `forebay schema`: the JSON Schema of a configuration file, and schemas from samples.
//!
//! `command` prints the JSON Schema, `infer` makes the `schema` of a source from a file.

mod command;
mod infer;

pub(super) use command::Schema;

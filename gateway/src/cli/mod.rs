//! The command line: one file per command.
//!
//! To add a command, write its file with a `clap::Args` struct that has a
//! `run(&self, &Registry, &mut Output) -> std::io::Result<Exit>`, and add one line to `Command`
//! in `command.rs` and one to its `match`. A command with commands of its own is a folder. `admin` asks a gateway that
//! runs; `kept`,
//! `pipelines`, `table` and `words` are what several of them need.

mod admin;
mod check;
mod checkpoint;
mod command;
mod dead_letters;
mod docs;
mod exit;
mod journal;
mod kept;
mod list;
mod new;
mod output;
mod pipelines;
mod probe;
mod run;
mod schema;
mod simulate;
mod table;
mod tap;
mod top;
mod words;

pub use command::Cli;
pub use exit::Exit;
pub use output::Output;

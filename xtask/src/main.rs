//! The habits of the project, one command each: `cargo xtask help` lists them.
//!
//! [`commands`] says which steps a habit takes. A step runs a program ([`program`]) or looks at
//! the tree ([`lockfile`], [`floors`], [`configs`]); [`journey`] runs the steps in order, shows
//! each with its time, and stops at the first that fails. [`tally`] counts tests.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal: what it prints is what it is for"
)]

mod commands;
mod configs;
mod floors;
mod journey;
mod lockfile;
mod place;
mod program;
mod proofs;
mod tally;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let habit = arguments.next().unwrap_or_else(|| "help".to_owned());
    let rest: Vec<String> = arguments.collect();
    commands::run(&habit, &rest)
}

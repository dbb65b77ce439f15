//! Benchmark programs: `cargo xtask bench NAME` runs one, `cargo xtask bench list` names them.
//!
//! Each [program](programs) runs the real gateway and, beside it, a bare [loop](mod@reference) over
//! the same libraries with the same syncs, in the same run on the same machine, several rounds in
//! turn. What counts is the ratio: it is the same on a fast machine and a slow one.
//!
//! Both run as a [`process`] of their own and are measured from outside
//! ([`measurement`]); [`input`] makes what they read, [`output`] sees when they are done, and a
//! [`tally`] whether it is all there.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal: what it prints is what it is for"
)]

mod input;
mod measurement;
mod options;
mod output;
mod process;
mod programs;
mod reference;
mod tally;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.first().map(String::as_str) {
        Some("reference") => reference::run(&arguments[1..]),
        _ => programs::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

//! The forebay binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    forebay::Cli::run(&forebay::Registry::default())
}

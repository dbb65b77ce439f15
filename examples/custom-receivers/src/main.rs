//! Forebay, with two receivers of one's own.

use std::process::ExitCode;

use forebay::{Cli, Registry};
use forebay_example_receivers::{Gauge, Spool};

fn main() -> ExitCode {
    Cli::run(&Registry::default().receiver::<Gauge>().receiver::<Spool>())
}

//! The command line of `forebay dead-letters`.

use std::io;

use clap::{Args, Subcommand};

use super::replay::Replay;
use super::show::Show;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::registry::Registry;

/// Look at records that could not be delivered, and send them again.
#[derive(Debug, Args)]
pub(in crate::cli) struct DeadLetters {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Show(Show),
    Replay(Replay),
}

impl DeadLetters {
    pub(in crate::cli) fn run(
        &self,
        registry: &Registry,
        output: &mut Output<'_>,
    ) -> io::Result<Exit> {
        match &self.command {
            Command::Show(show) => show.run(registry, output),
            Command::Replay(replay) => replay.run(registry, output),
        }
    }
}

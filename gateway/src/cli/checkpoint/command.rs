//! The command line of `forebay checkpoint`.

use std::io;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{repair, show, verify};
use crate::cli::exit::Exit;
use crate::cli::kept::{self, Kept};
use crate::cli::output::Output;

/// Look into what pipelines remember, check it, and mend it.
///
/// A checkpoint holds what was read, written and committed: positions, batches that were planned,
/// receipts of sinks. Looking and checking may be done while a gateway runs.
#[derive(Debug, Args)]
pub(in crate::cli) struct Checkpoint {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show positions, committed batches, plans and receipts. Ends with 1 if one is damaged.
    Show(Named),
    /// Check every entry. Ends with 0 if all are whole, with 1 if one is damaged.
    Verify(Named),
    /// Cut a damaged checkpoint back to the last whole entry.
    ///
    /// The log as it was is kept beside it. What was committed after that entry is read and
    /// written once more. A gateway that has the checkpoint must be stopped first.
    Repair(Named),
}

/// Which checkpoints.
#[derive(Debug, Args)]
struct Named {
    /// A checkpoint, the folder of a pipeline, or the folder of all (`[gateway] checkpoints`).
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// One JSON object per checkpoint, one per line.
    #[arg(long)]
    json: bool,
}

impl Checkpoint {
    pub(in crate::cli) fn run(&self, output: &mut Output<'_>) -> io::Result<Exit> {
        let (Command::Show(named) | Command::Verify(named) | Command::Repair(named)) =
            &self.command;
        let found = match kept::checkpoints(&named.folder) {
            Ok(found) if !found.is_empty() => found,
            Ok(_) => return nowhere(named, "there is no checkpoint in it", output),
            Err(error) => return nowhere(named, &error.to_string(), output),
        };
        let mut exit = Exit::Done;
        for (index, kept) in found.iter().enumerate() {
            if index > 0 && !named.json && matches!(self.command, Command::Show(_)) {
                writeln!(output.out)?;
            }
            if self.one(kept, named.json, output)? != Exit::Done {
                exit = Exit::Failed;
            }
        }
        Ok(exit)
    }

    fn one(&self, kept: &Kept, json: bool, output: &mut Output<'_>) -> io::Result<Exit> {
        match &self.command {
            Command::Show(_) => show::show(kept, json, output),
            Command::Verify(_) => verify::verify(kept, json, output),
            Command::Repair(_) => repair::repair(kept, json, output),
        }
    }
}

fn nowhere(named: &Named, why: &str, output: &mut Output<'_>) -> io::Result<Exit> {
    let message = format!("cannot look into `{}`: {why}", named.folder.display());
    let help = "name a checkpoint, the folder of a pipeline, or what `[gateway] checkpoints` says";
    output.refuse(&message, help)?;
    Ok(Exit::Wrong)
}

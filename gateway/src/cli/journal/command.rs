//! The command line of `forebay journal`.

use std::io;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::report;
use crate::cli::exit::Exit;
use crate::cli::kept;
use crate::cli::output::Output;

/// Look into the journals of receivers, and check them.
///
/// A journal holds the records that a receiver took and that are not committed yet. Looking and
/// checking may be done while a gateway runs.
#[derive(Debug, Args)]
pub(in crate::cli) struct Journal {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the segments of journals and the records in them. Ends with 1 if one is damaged.
    Show(Named),
    /// Check every frame. Ends with 0 if all are whole, with 1 if one is damaged.
    Verify(Named),
}

/// Which journals.
#[derive(Debug, Args)]
struct Named {
    /// A journal, the folder of a pipeline, or the folder of all (`[gateway] checkpoints`).
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// One JSON object per segment, one per line.
    #[arg(long)]
    json: bool,
}

impl Journal {
    pub(in crate::cli) fn run(&self, output: &mut Output<'_>) -> io::Result<Exit> {
        let (Command::Show(named) | Command::Verify(named)) = &self.command;
        let found = match kept::journals(&named.folder) {
            Ok(found) if !found.is_empty() => found,
            Ok(_) => return nowhere(named, "there is no journal in it", output),
            Err(error) => return nowhere(named, &error.to_string(), output),
        };
        let mut exit = Exit::Done;
        for (index, kept) in found.iter().enumerate() {
            let one = match &self.command {
                Command::Show(_) => {
                    if index > 0 && !named.json {
                        writeln!(output.out)?;
                    }
                    report::show(kept, named.json, output)?
                }
                Command::Verify(_) => report::verify(kept, named.json, output)?,
            };
            if one != Exit::Done {
                exit = Exit::Failed;
            }
        }
        Ok(exit)
    }
}

fn nowhere(named: &Named, why: &str, output: &mut Output<'_>) -> io::Result<Exit> {
    let message = format!("cannot look into `{}`: {why}", named.folder.display());
    let help = "name a journal, the folder of a pipeline, or what `[gateway] checkpoints` says; \
                only receivers have journals";
    output.refuse(&message, help)?;
    Ok(Exit::Wrong)
}

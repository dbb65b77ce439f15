//! The commands, and how they are run.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::{ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand};

use super::exit::Exit;
use super::output::Output;
use super::{
    check, checkpoint, dead_letters, docs, journal, list, new, probe, run, schema, simulate, tap,
    top,
};
use crate::config::Style;
use crate::registry::Registry;

/// Takes records from where they arise and puts them where they are kept, in micro-batches, never
/// faster than the destination can take them.
///
/// One TOML file says what flows from where to where. `forebay new` writes one to begin with,
/// `forebay check` finds everything that is wrong with it, and `forebay list` shows what there is.
#[derive(Debug, Parser)]
#[command(
    name = "forebay",
    version,
    arg_required_else_help = true,
    after_help = "To begin:\n  \
                  forebay new generator console > forebay.toml\n  \
                  forebay run forebay.toml\n\n\
                  Exit codes: 0 done; 1 failed while running; 2 the command line or the \
                  configuration is wrong."
)]
pub struct Cli {
    /// Colours and lines in the output.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t = ColorChoice::Auto,
        value_name = "WHEN",
        display_order = 100
    )]
    color: ColorChoice,
    #[command(subcommand)]
    command: Command,
}

/// Every command: one line here, one in `Cli::dispatch`, one file.
#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Run),
    Check(check::Check),
    Probe(probe::Probe),
    Top(top::Top),
    Tap(tap::Tap),
    List(list::List),
    New(new::New),
    Schema(schema::Schema),
    Simulate(simulate::Simulate),
    Checkpoint(checkpoint::Checkpoint),
    Journal(journal::Journal),
    DeadLetters(dead_letters::DeadLetters),
    Docs(docs::Docs),
}

impl Cli {
    fn dispatch(&self, registry: &Registry, output: &mut Output<'_>) -> io::Result<Exit> {
        match &self.command {
            Command::Run(run) => run.run(registry, output),
            Command::Check(check) => check.run(registry, output),
            Command::Probe(probe) => probe.run(registry, output),
            Command::Top(top) => top.run(output),
            Command::Tap(tap) => tap.run(output),
            Command::List(list) => list.run(registry, output),
            Command::New(new) => new.run(registry, output),
            Command::Schema(schema) => schema.run(registry, output),
            Command::Simulate(simulate) => simulate.run(registry, output),
            Command::Checkpoint(checkpoint) => checkpoint.run(output),
            Command::Journal(journal) => journal.run(output),
            Command::DeadLetters(letters) => letters.run(registry, output),
            Command::Docs(docs) => docs.run(registry, output),
        }
    }

    /// Runs the command line of this process with the types of `registry`.
    #[must_use]
    pub fn run(registry: &Registry) -> ExitCode {
        let (mut out, mut err) = (io::stdout(), io::stderr());
        let terminal = out.is_terminal();
        Self::execute(std::env::args_os(), registry, terminal, &mut out, &mut err).into()
    }

    /// Runs a command line. `terminal` says whether a person looks at `out`.
    pub fn execute(
        arguments: impl IntoIterator<Item = OsString>,
        registry: &Registry,
        terminal: bool,
        out: &mut dyn Write,
        err: &mut dyn Write,
    ) -> Exit {
        let parsed = Self::command()
            .try_get_matches_from(arguments)
            .and_then(|matches| Self::from_arg_matches(&matches));
        let cli = match parsed {
            Ok(cli) => cli,
            Err(error) => {
                let text = if terminal {
                    error.render().ansi().to_string()
                } else {
                    error.render().to_string()
                };
                // There is nobody left to tell if writing fails.
                if error.use_stderr() {
                    let _ = err.write_all(text.as_bytes());
                    return Exit::Wrong;
                }
                let _ = out.write_all(text.as_bytes());
                return Exit::Done;
            }
        };
        let graphical = match cli.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && std::env::var_os("NO_COLOR").is_none(),
        };
        let style = if graphical { Style::Graphical } else { Style::Plain };
        let mut output = Output { out, err, style };
        match cli.dispatch(registry, &mut output) {
            Ok(exit) => exit,
            // Whoever reads closed the pipe, as `head` does: that is no failure.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Err(error) => {
                let _ = writeln!(output.err, "error: {error}");
                Exit::Failed
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}

//! The command line of `forebay schema`.

use std::io;

use clap::{Args, Subcommand};

use super::infer::Infer;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::registry::Registry;
use crate::schema::file_schema;

/// Print the JSON Schema of a configuration file, for editors.
///
/// With `forebay schema > forebay.schema.json`, and `#:schema ./forebay.schema.json` as the first
/// line of a configuration, editors that use taplo complete and check it.
///
/// `forebay schema infer` is about the records instead: it writes the `schema` of a source from a
/// sample.
#[derive(Debug, Args)]
pub(in crate::cli) struct Schema {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Infer(Infer),
}

impl Schema {
    pub(in crate::cli) fn run(
        &self,
        registry: &Registry,
        output: &mut Output<'_>,
    ) -> io::Result<Exit> {
        if let Some(Command::Infer(infer)) = &self.command {
            return infer.run(output);
        }
        let schema = serde_json::to_string_pretty(&file_schema(registry))?;
        writeln!(output.out, "{schema}")?;
        Ok(Exit::Done)
    }
}

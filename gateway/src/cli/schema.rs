//! `forebay schema`: the JSON Schema of a configuration file.

use std::io;

use clap::Args;

use super::exit::Exit;
use super::output::Output;
use crate::registry::Registry;
use crate::schema::file_schema;

/// Print the JSON Schema of a configuration file, for editors.
///
/// With `forebay schema > forebay.schema.json`, and `#:schema ./forebay.schema.json` as the first
/// line of a configuration, editors that use taplo complete and check it.
#[derive(Debug, Args)]
pub(super) struct Schema {}

impl Schema {
    pub(super) fn run(&self, registry: &Registry, output: &mut Output<'_>) -> io::Result<Exit> {
        let schema = serde_json::to_string_pretty(&file_schema(registry))?;
        writeln!(output.out, "{schema}")?;
        Ok(Exit::Done)
    }
}

//! `forebay new`: a configuration file to begin with.

use std::io;

use clap::Args;

use super::exit::Exit;
use super::output::Output;
use crate::docs::starting_file;
use crate::registry::{Entry, Registry};
use crate::schema::nearest;

/// Write a commented configuration file to begin with, to standard output.
///
/// What has to be set is set; everything else stands in comments, with its default and what it
/// means.
#[derive(Debug, Args)]
pub(super) struct New {
    /// The type of the source, such as `generator`.
    source: String,
    /// The type of the sink, such as `files`.
    sink: String,
}

impl New {
    pub(super) fn run(&self, registry: &Registry, output: &mut Output<'_>) -> io::Result<Exit> {
        let source = find(registry, "sources", &self.source, output)?;
        let sink = find(registry, "sinks", &self.sink, output)?;
        let (Some(source), Some(sink)) = (source, sink) else { return Ok(Exit::Wrong) };
        output.out.write_all(starting_file(source, sink).as_bytes())?;
        Ok(Exit::Done)
    }
}

fn find<'a>(
    registry: &'a Registry,
    section: &str,
    name: &str,
    output: &mut Output<'_>,
) -> io::Result<Option<&'a Entry>> {
    let found = registry.find(section, name);
    if found.is_none() {
        let noun = section.trim_end_matches('s');
        let known: Vec<&str> = registry.of_section(section).map(Entry::name).collect();
        let help = if let Some(out) = registry.find_left_out(section, name) {
            format!("build forebay with `--features {}`", out.feature)
        } else if let Some(near) = nearest(name, known.iter().copied()) {
            format!("did you mean `{near}`?")
        } else {
            format!("there are: {}", known.join(", "))
        };
        output.refuse(&format!("there is no {noun} type `{name}`"), &help)?;
    }
    Ok(found)
}

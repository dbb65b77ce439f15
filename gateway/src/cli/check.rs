//! `forebay check`: all that is wrong with a configuration.

use std::io;
use std::path::PathBuf;

use clap::Args;

use super::exit::Exit;
use super::output::Output;
use crate::config::{self, Config, Loaded};
use crate::registry::Registry;

/// Find everything that is wrong with a configuration, in one run.
///
/// Nothing is started: no socket is opened and no file is written. Files that the configuration
/// names for secrets are read. Ends with 2 if there is an error; warnings alone end with 0.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// TOML files, or folders of them; together they are one configuration.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// One JSON object per finding, one per line.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) fn run(&self, registry: &Registry, output: &mut Output<'_>) -> io::Result<Exit> {
        let environment = |name: &str| std::env::var(name).ok();
        let Loaded { findings, config } = config::load(&self.files, registry, &environment);
        output.findings(&findings, self.json)?;
        let Some(config) = config else { return Ok(Exit::Wrong) };
        if !self.json {
            writeln!(output.out, "{}", summary(&config))?;
        }
        Ok(Exit::Done)
    }
}

fn summary(config: &Config) -> String {
    let lines: Vec<String> = config
        .pipelines
        .iter()
        .map(|pipeline| {
            let sources: Vec<&str> = pipeline.sources.iter().map(|source| &*source.name).collect();
            let sinks: Vec<&str> = pipeline.sinks.iter().map(|sink| &*sink.name).collect();
            format!("ok: {}: {} -> {}", pipeline.name, sources.join(", "), sinks.join(", "))
        })
        .collect();
    lines.join("\n")
}

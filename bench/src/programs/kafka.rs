//! What the programs with Kafka share: the broker, and a run of either side.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::measurement::Run;
use crate::options::Options;
use crate::process::Process;

const LIMIT: Duration = Duration::from_secs(600);

/// `host:port` of a broker that runs; it is not started here, so that it can be any.
const VARIABLE: &str = "FOREBAY_BENCH_KAFKA";

/// The broker to measure with.
pub(super) fn broker() -> Result<String> {
    std::env::var(VARIABLE)
        .with_context(|| format!("{VARIABLE} has to name a broker, such as 127.0.0.1:9092"))
}

/// A run of the gateway, with a source, a sink and a pipeline, until it has done what is there.
pub(super) fn gateway(options: &Options, folder: &Path, components: &str) -> Result<Run> {
    let config = folder.join("forebay.toml");
    let checkpoints = format!("file://{}/checkpoints", folder.display());
    let text =
        format!("[gateway]\nlisten = \"off\"\ncheckpoints = \"{checkpoints}\"\n\n{components}");
    fs::write(&config, text)?;
    let used = Process::gateway(&config, &["--available-now"])?.finish(LIMIT)?;
    Ok(Run { records: options.records, wall: used.wall, used })
}

/// A run of a bare loop; the count of records is its last argument.
pub(super) fn reference(options: &Options, folder: &Path, arguments: &[&str]) -> Result<Run> {
    let count = options.records.to_string();
    let arguments: Vec<&str> = arguments.iter().copied().chain([count.as_str()]).collect();
    let used = Process::reference(folder, &arguments)?.finish(LIMIT)?;
    Ok(Run { records: options.records, wall: used.wall, used })
}

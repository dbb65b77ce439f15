//! What the programs have in common in which either side moves what there is, and ends.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::input::{ORDER_SCHEMA, made_up};
use crate::measurement::Run;
use crate::options::Options;
use crate::process::Process;

const LIMIT: Duration = Duration::from_secs(600);

/// A source of JSON orders, as lines of TOML, decoded to files of JSON below a folder.
pub(super) fn to_json_files(source: &str, folder: &Path) -> String {
    format!(
        "[sources.in]\n{source}\nformat = \"json\"\nschema = {ORDER_SCHEMA}\n\n\
         [sinks.out]\ntype = \"files\"\npath = \"{}/out\"\nformat = \"json\"\n\
         roll_interval = \"10m\"\n\n\
         [pipelines.p]\nfrom = [\"in\"]\nto = [\"out\"]\ninterval = \"100ms\"\n",
        folder.display()
    )
}

/// So many orders that are made up, to a sink, as lines of TOML.
pub(super) fn orders_to(sink: &str, records: u64) -> String {
    format!(
        "[sources.in]\ntype = \"generator\"\n{}\n\n[sinks.out]\n{sink}\n\n\
         [pipelines.p]\nfrom = [\"in\"]\nto = [\"out\"]\ninterval = \"100ms\"\n",
        made_up(records)
    )
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

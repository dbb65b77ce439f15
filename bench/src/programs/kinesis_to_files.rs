//! Eight shards of a Kinesis data stream, decoded, to files of JSON.

use anyhow::Result;

use super::draining::{gateway, reference, to_json_files};
use super::kinesis::{component, endpoint};
use crate::measurement::{Comparison, HEAD};
use crate::options::Options;
use crate::output;
use crate::reference::kinesis::{self, SHARDS};

pub(crate) fn run(options: &Options) -> Result<()> {
    let endpoint = endpoint()?;
    let stream = kinesis::fill(&endpoint, options.records)?;
    // An emulator that has just started becomes faster with the first records that it gives.
    kinesis::count(&endpoint, &stream, options.records)?
        .ensure("who filled the stream", options.records)?;
    println!("{HEAD}");
    let mut comparison = Comparison::default();
    for _ in 0..options.rounds {
        let scratch = options.scratch()?;
        let folder = scratch.path();
        let components = to_json_files(&component(&endpoint, &stream), folder);
        comparison.gateway.push(gateway(options, folder, &components)?);
        output::orders(&folder.join("out"))?.ensure("the gateway", options.records)?;
        let to = folder.join("reference");
        let bare = ["kinesis-json", &endpoint, &stream, &to.display().to_string()];
        comparison.reference.push(reference(options, folder, &bare)?);
        output::orders(&to)?.ensure("the reference", options.records)?;
    }
    let what = format!("{SHARDS} shards of JSON, decoded, to files of JSON");
    println!("{}", comparison.row(&what, "0.7"));
    kinesis::delete(&endpoint, &stream)
}

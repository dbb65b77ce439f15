//! Eight shards of a Kinesis data stream, decoded, to files of JSON.

use anyhow::{Context, Result};

use super::kafka::{gateway, reference};
use crate::input::ORDER_SCHEMA;
use crate::measurement::{Comparison, HEAD};
use crate::options::Options;
use crate::reference::kinesis::{self, SHARDS};

/// The address of a service or an emulator that runs.
const VARIABLE: &str = "FOREBAY_BENCH_KINESIS";

pub(crate) fn run(options: &Options) -> Result<()> {
    let endpoint = std::env::var(VARIABLE).with_context(|| {
        format!("{VARIABLE} has to be an address, such as http://127.0.0.1:4567")
    })?;
    let stream = kinesis::fill(&endpoint, options.records)?;
    println!("{HEAD}");
    let mut comparison = Comparison::default();
    for _ in 0..options.rounds {
        let scratch = options.scratch()?;
        let folder = scratch.path().display();
        let components = format!(
            "[sources.in]\ntype = \"kinesis\"\nstream = \"{stream}\"\nregion = \"us-east-1\"\n\
             endpoint = \"{endpoint}\"\n\
             credentials = {{ access_key_id = \"x\", secret_access_key = \"y\" }}\n\
             format = \"json\"\nschema = {ORDER_SCHEMA}\n\n\
             [sinks.out]\ntype = \"files\"\npath = \"{folder}/out\"\nformat = \"json\"\n\
             roll_interval = \"10m\"\n\n\
             [pipelines.p]\nfrom = [\"in\"]\nto = [\"out\"]\ninterval = \"100ms\"\n"
        );
        comparison.gateway.push(gateway(options, scratch.path(), &components)?);
        let to = scratch.path().join("reference").display().to_string();
        let bare = ["kinesis-json", &endpoint, &stream, &to];
        comparison.reference.push(reference(options, scratch.path(), &bare)?);
    }
    let what = format!("{SHARDS} shards of JSON, decoded, to files of JSON");
    println!("{}", comparison.row(&what, "0.7"));
    kinesis::delete(&endpoint, &stream)
}

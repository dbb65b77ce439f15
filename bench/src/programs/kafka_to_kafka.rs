//! Eight partitions of a Kafka topic to eight of another.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::measurement::{Comparison, HEAD, Run};
use crate::options::Options;
use crate::process::Process;
use crate::reference::kafka::{self, PARTITIONS};

const LIMIT: Duration = Duration::from_secs(600);

/// `host:port` of a broker that runs; it is not started here, so that it can be any.
const VARIABLE: &str = "FOREBAY_BENCH_KAFKA";

pub(crate) fn run(options: &Options) -> Result<()> {
    let brokers = std::env::var(VARIABLE)
        .with_context(|| format!("{VARIABLE} has to name a broker, such as 127.0.0.1:9092"))?;
    let from = kafka::fill(&brokers, options.records)?;
    println!("{HEAD}");
    for (what, sink) in [("at least once", ""), ("exactly once", "exactly_once = true")] {
        let mut comparison = Comparison::default();
        for _ in 0..options.rounds {
            let scratch = options.scratch()?;
            let folder = scratch.path();
            let to = kafka::create(&brokers)?;
            comparison.gateway.push(gateway(&brokers, [&from, &to], sink, options, folder)?);
            kafka::delete(&brokers, &to)?;
            let to = kafka::create(&brokers)?;
            let count = options.records.to_string();
            let used = Process::reference(folder, &["kafka-kafka", &brokers, &from, &to, &count])?;
            let used = used.finish(LIMIT)?;
            comparison.reference.push(Run { records: options.records, wall: used.wall, used });
            kafka::delete(&brokers, &to)?;
        }
        println!(
            "{}",
            comparison.row(&format!("{PARTITIONS} partitions to {PARTITIONS}, {what}"), "0.85")
        );
    }
    kafka::delete(&brokers, &from)
}

fn gateway(
    brokers: &str,
    [from, to]: [&str; 2],
    sink: &str,
    options: &Options,
    folder: &Path,
) -> Result<Run> {
    let config = folder.join("forebay.toml");
    fs::write(
        &config,
        format!(
            "[gateway]\nlisten = \"off\"\ncheckpoints = \"file://{0}/checkpoints\"\n\n\
             [sources.in]\ntype = \"kafka\"\nbrokers = [\"{brokers}\"]\ntopics = [\"{from}\"]\n\
             start = \"earliest\"\nformat = \"bytes\"\nkeep = [\"key\"]\n\n\
             [sinks.out]\ntype = \"kafka\"\nbrokers = [\"{brokers}\"]\ntopic = \"{to}\"\n{sink}\n\n\
             [pipelines.{to}]\nfrom = [\"in\"]\nto = [\"out\"]\ninterval = \"100ms\"\n",
            folder.display(),
        ),
    )?;
    let used = Process::gateway(&config, &["--available-now"])?.finish(LIMIT)?;
    Ok(Run { records: options.records, wall: used.wall, used })
}

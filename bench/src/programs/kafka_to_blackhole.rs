//! Eight partitions of a Kafka topic to nowhere.

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
    let topic = kafka::fill(&brokers, options.records)?;
    println!("{HEAD}");
    for format in ["format = \"bytes\"\nkeep = [\"offset\"]", "format = \"bytes\""] {
        let mut comparison = Comparison::default();
        for _ in 0..options.rounds {
            let scratch = options.scratch()?;
            let folder = scratch.path();
            comparison.gateway.push(gateway(&brokers, &topic, format, options, folder)?);
            let count = options.records.to_string();
            let used = Process::reference(folder, &["kafka-nowhere", &brokers, &topic, &count])?;
            let used = used.finish(LIMIT)?;
            comparison.reference.push(Run { records: options.records, wall: used.wall, used });
        }
        let columns = if format.contains("keep") { "value and offset" } else { "all columns" };
        println!(
            "{}",
            comparison.row(&format!("{PARTITIONS} partitions to blackhole, {columns}"), "0.8")
        );
    }
    kafka::delete(&brokers, &topic)
}

fn gateway(
    brokers: &str,
    topic: &str,
    format: &str,
    options: &Options,
    folder: &Path,
) -> Result<Run> {
    let config = folder.join("forebay.toml");
    fs::write(
        &config,
        format!(
            "[gateway]\nlisten = \"off\"\ncheckpoints = \"file://{0}/checkpoints\"\n\n\
             [sources.in]\ntype = \"kafka\"\nbrokers = [\"{brokers}\"]\ntopics = [\"{topic}\"]\n{format}\n\n\
             [sinks.out]\ntype = \"blackhole\"\n\n\
             [pipelines.p]\nfrom = [\"in\"]\nto = [\"out\"]\ninterval = \"100ms\"\n",
            folder.display(),
        ),
    )?;
    let used = Process::gateway(&config, &["--available-now"])?.finish(LIMIT)?;
    Ok(Run { records: options.records, wall: used.wall, used })
}

//! Rows in memory to a table of Cassandra: the sink beside the driver alone, which writes each row
//! by itself, or rows of one partition together.

use std::env;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::measurement::{Comparison, HEAD, Run};
use crate::options::Options;
use crate::process::Process;

/// `host:port` of the server to write to; its keyspace `bench` is made and emptied.
const VARIABLE: &str = "FOREBAY_BENCH_CASSANDRA";

const LIMIT: Duration = Duration::from_secs(1_800);

pub(crate) fn run(options: &Options) -> Result<()> {
    let host = env::var(VARIABLE).with_context(|| {
        format!("start a Cassandra for this alone, and name its host:port in {VARIABLE}")
    })?;
    let scratch = options.scratch()?;
    println!("{HEAD}");
    for customers in [1_000, 100_000] {
        let go = |way| once(way, &host, customers, options.records, scratch.path());
        // A server that has just started becomes faster with the first million writes.
        go("prepare")?;
        go("batch")?;
        let ways = ["single", "batch"];
        let mut comparisons = [Comparison::default(), Comparison::default()];
        for _ in 0..options.rounds {
            for (way, comparison) in ways.iter().zip(&mut comparisons) {
                go("prepare")?;
                comparison.gateway.push(go("sink")?);
                go("prepare")?;
                comparison.reference.push(go(way)?);
            }
        }
        for (way, comparison) in ways.iter().zip(&comparisons) {
            println!("{}", comparison.row(&format!("{customers} keys, beside {way}"), 0.9));
        }
    }
    Ok(())
}

fn once(way: &str, host: &str, customers: u64, records: u64, folder: &Path) -> Result<Run> {
    let (records_text, customers) = (records.to_string(), customers.to_string());
    let arguments = ["cassandra", way, host, &records_text, &customers];
    let used = Process::reference(folder, &arguments)?.finish(LIMIT)?;
    Ok(Run { records, wall: used.wall, used })
}

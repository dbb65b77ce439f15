//! What the engine itself costs: tiny batches, a hundred each second.

use std::fs;
use std::io::{BufRead, BufReader};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};

use crate::measurement::{as_f64, median};
use crate::options::Options;
use crate::process::Process;

/// How long the processor time is measured.
const WINDOW: Duration = Duration::from_secs(15);
/// How long the gateway is left alone before.
const WARM_UP: Duration = Duration::from_secs(2);

pub(crate) fn run(options: &Options) -> Result<()> {
    println!("| what | batches/s | CPU-us per batch | most |\n|---|---|---|---|");
    // With `blackhole` there is no barrier but the commit's sync; with `files` there are both.
    for sink in ["type = \"blackhole\"", "type = \"files\"\npath = \"out\"\nformat = \"json\""] {
        let mut rates = Vec::new();
        let mut costs = Vec::new();
        for _ in 0..options.rounds {
            let (batches, cpu) = measure(options, sink)?;
            rates.push(as_f64(batches) / WINDOW.as_secs_f64());
            costs.push(cpu.as_secs_f64() * 1e6 / as_f64(batches.max(1)));
        }
        let name = sink.split('"').nth(1).unwrap_or_default();
        println!(
            "| 10 records each 10 ms to {name} | {:.0} | {:.0} | 200 |",
            median(rates.into_iter()),
            median(costs.into_iter())
        );
    }
    Ok(())
}

fn measure(options: &Options, sink: &str) -> Result<(u64, Duration)> {
    let scratch = options.scratch()?;
    let config = scratch.path().join("forebay.toml");
    fs::write(
        &config,
        format!(
            "[gateway]\nlisten = \"127.0.0.1:0\"\ncheckpoints = \"file://{}/checkpoints\"\n\n\
             [sources.in]\ntype = \"generator\"\nsplits = 1\nrows_per_second = 1000\n\n\
             [sinks.out]\n{sink}\n\n\
             [pipelines.p]\nfrom = [\"in\"]\nto = [\"out\"]\ninterval = \"10ms\"\n",
            scratch.path().display()
        ),
    )?;
    let mut process = Process::gateway(&config, &["--progress", "jsonl"])?;
    let output = process.take_output()?;
    let batches = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&batches);
    let counter = thread::spawn(move || {
        for _ in BufReader::new(output).lines().map_while(Result::ok) {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    // Time has to pass here: processor time per wall time is what is measured.
    thread::sleep(WARM_UP);
    let (batches_before, cpu_before) = (batches.load(Ordering::Relaxed), process.cpu()?);
    thread::sleep(WINDOW);
    let (batches_after, cpu_after) = (batches.load(Ordering::Relaxed), process.cpu()?);
    process.stop()?;
    process.finish(Duration::from_secs(60))?;
    counter.join().map_err(|_| anyhow!("the reader panicked"))?;
    let batches = batches_after - batches_before;
    ensure!(batches > 0, "no batch was reported");
    Ok((batches, cpu_after.saturating_sub(cpu_before)))
}

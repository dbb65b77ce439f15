//! From start to the first record written.

use std::fs;
use std::io::{BufRead, BufReader};
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::measurement::median;
use crate::options::Options;
use crate::process::Process;

const STARTS: usize = 10;

pub(crate) fn run(options: &Options) -> Result<()> {
    println!("| what | median ms | longest ms | most |\n|---|---|---|---|");
    let mut first = Vec::new();
    let mut again = Vec::new();
    for _ in 0..STARTS {
        let scratch = options.scratch()?;
        let config = scratch.path().join("forebay.toml");
        fs::write(
            &config,
            format!(
                "[gateway]\nlisten = \"127.0.0.1:0\"\ncheckpoints = \"file://{}/checkpoints\"\n\n\
                 [sources.in]\ntype = \"generator\"\nsplits = 1\nrows_per_second = 1000\n\n\
                 [sinks.out]\ntype = \"console\"\n\n\
                 [pipelines.p]\nfrom = [\"in\"]\nto = [\"out\"]\ninterval = \"10ms\"\n",
                scratch.path().display()
            ),
        )?;
        first.push(measure(&config)?);
        again.push(measure(&config)?);
    }
    for (what, times) in [("first start", first), ("start on a checkpoint", again)] {
        let longest = times.iter().copied().fold(0.0, f64::max);
        println!("| {what} | {:.0} | {longest:.0} | 300 |", median(times.into_iter()));
    }
    Ok(())
}

/// Milliseconds from the start to the first line on standard output.
fn measure(config: &std::path::Path) -> Result<f64> {
    let mut process = Process::gateway(config, &[])?;
    let mut output = BufReader::new(process.take_output()?);
    let mut line = String::new();
    output.read_line(&mut line)?;
    let time = process.begun().elapsed();
    ensure!(!line.is_empty(), "it ended before it wrote a record");
    process.stop()?;
    // What follows is of no interest, but a full pipe would stop the process.
    std::io::copy(&mut output, &mut std::io::sink())?;
    process.finish(Duration::from_secs(60))?;
    Ok(time.as_secs_f64() * 1e3)
}

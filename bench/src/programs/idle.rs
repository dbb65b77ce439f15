//! What a gateway with 64 splits and next to nothing to do costs.

use std::fs;
use std::thread;
use std::time::Duration;

use anyhow::Result;

use crate::measurement::median;
use crate::options::Options;
use crate::process::Process;

const WINDOW: Duration = Duration::from_secs(20);
const WARM_UP: Duration = Duration::from_secs(2);

pub(crate) fn run(options: &Options) -> Result<()> {
    println!("| what | % of a core | most |\n|---|---|---|");
    for interval in ["1s", "100ms"] {
        let shares = (0..options.rounds)
            .map(|_| measure(options, interval))
            .collect::<Result<Vec<f64>>>()?;
        println!(
            "| 64 splits, 1 record a second, interval {interval} | {:.2} | 1 |",
            median(shares.into_iter())
        );
    }
    Ok(())
}

/// The share of one core, in percent.
fn measure(options: &Options, interval: &str) -> Result<f64> {
    let scratch = options.scratch()?;
    let config = scratch.path().join("forebay.toml");
    fs::write(
        &config,
        format!(
            "[gateway]\nlisten = \"127.0.0.1:0\"\ncheckpoints = \"file://{0}/checkpoints\"\n\n\
             [sources.in]\ntype = \"generator\"\nsplits = 64\nrows_per_second = 1\n\n\
             [sinks.out]\ntype = \"files\"\npath = \"{0}/out\"\nformat = \"json\"\n\n\
             [pipelines.p]\nfrom = [\"in\"]\nto = [\"out\"]\ninterval = \"{interval}\"\n",
            scratch.path().display()
        ),
    )?;
    let process = Process::gateway(&config, &[])?;
    // Time has to pass here: processor time per wall time is what is measured.
    thread::sleep(WARM_UP);
    let before = process.cpu()?;
    thread::sleep(WINDOW);
    let used = process.cpu()?.saturating_sub(before);
    process.stop()?;
    process.finish(Duration::from_secs(60))?;
    Ok(used.as_secs_f64() / WINDOW.as_secs_f64() * 100.0)
}

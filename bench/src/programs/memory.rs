//! Resident memory: idle, and with ten times more offered than may pass.

use std::fs;
use std::thread;
use std::time::Duration;

use anyhow::Result;

use crate::measurement::as_f64;
use crate::options::Options;
use crate::process::Process;

/// When memory is looked at, counted from the start.
const LOOKS: [u64; 4] = [5, 10, 20, 40];

pub(crate) fn run(options: &Options) -> Result<()> {
    println!("| MiB resident after | 5 s | 10 s | 20 s | 40 s | most |\n|---|---|---|---|---|---|");
    // `offered` records a second arise over four splits, `limit` may pass for each.
    for (what, offered, limit) in [
        ("idle", 4, 100),
        ("1-fold load", 40_000, 10_000),
        ("10-fold overload", 400_000, 10_000),
        ("100-fold overload", 4_000_000, 10_000),
    ] {
        let looks: Vec<String> = measure(options, offered, limit)?
            .into_iter()
            .map(|kib| format!("{:.1}", as_f64(kib) / 1024.0))
            .collect();
        println!("| {what} | {} | 64 idle, else flat |", looks.join(" | "));
    }
    Ok(())
}

fn measure(options: &Options, offered: u64, limit: u64) -> Result<Vec<u64>> {
    let scratch = options.scratch()?;
    let config = scratch.path().join("forebay.toml");
    fs::write(
        &config,
        format!(
            "[gateway]\nlisten = \"127.0.0.1:0\"\ncheckpoints = \"file://{0}/checkpoints\"\n\n\
             [sources.in]\ntype = \"generator\"\nsplits = 4\nrows_per_second = {offered}\n\
             max_rate_per_split = {limit}\n\n\
             [sinks.out]\ntype = \"files\"\npath = \"{0}/out\"\nformat = \"json\"\n\
             roll_interval = \"5s\"\n\n\
             [pipelines.p]\nfrom = [\"in\"]\nto = [\"out\"]\ninterval = \"500ms\"\n",
            scratch.path().display()
        ),
    )?;
    let process = Process::gateway(&config, &[])?;
    let mut seen = Vec::new();
    for second in LOOKS {
        // Time has to pass here: growth over time is what is measured.
        let due = Duration::from_secs(second).saturating_sub(process.begun().elapsed());
        thread::sleep(due);
        seen.push(process.resident_kib()?);
    }
    process.stop()?;
    process.finish(Duration::from_secs(60))?;
    Ok(seen)
}

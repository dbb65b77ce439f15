//! What a gateway with next to nothing to do costs: with 64 splits and a record a second, and with
//! 20 000 files that are tailed and that nobody writes to.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::Result;

use crate::measurement::median;
use crate::options::Options;
use crate::process::Process;

const WINDOW: Duration = Duration::from_secs(20);
const WARM_UP: Duration = Duration::from_secs(2);

const FILES: u32 = 20_000;
/// Long enough for two looks at all files.
const TAIL_WINDOW: Duration = Duration::from_secs(60);
/// Until all files are read.
const TAIL_WARM_UP: Duration = Duration::from_secs(10);

pub(crate) fn run(options: &Options) -> Result<()> {
    println!("| what | % of a core | most |\n|---|---|---|");
    for interval in ["1s", "100ms"] {
        let source = "type = \"generator\"\nsplits = 64\nrows_per_second = 1";
        let what = format!("64 splits, 1 record a second, interval {interval}");
        report(options, &what, || {
            let scratch = options.scratch()?;
            let config = config(scratch.path(), source, interval)?;
            measure(&config, WARM_UP, WINDOW)
        })?;
    }
    report(options, "20 000 files that are tailed and not written to, interval 500ms", || {
        let scratch = options.scratch()?;
        let logs = scratch.path().join("logs");
        fs::create_dir(&logs)?;
        for number in 0..FILES {
            fs::write(logs.join(format!("app-{number}.log")), "the only line\n")?;
        }
        let source = format!("type = \"tail\"\npaths = [\"{}/*.log\"]", logs.display());
        let config = config(scratch.path(), &source, "500ms")?;
        measure(&config, TAIL_WARM_UP, TAIL_WINDOW)
    })
}

/// The median over the rounds, as a row.
fn report(options: &Options, what: &str, measure: impl Fn() -> Result<f64>) -> Result<()> {
    let shares = (0..options.rounds).map(|_| measure()).collect::<Result<Vec<f64>>>()?;
    println!("| {what} | {:.2} | 1 |", median(shares.into_iter()));
    Ok(())
}

/// Writes a configuration with this source, and files behind it.
fn config(folder: &Path, source: &str, interval: &str) -> Result<PathBuf> {
    let config = folder.join("forebay.toml");
    fs::write(
        &config,
        format!(
            "[gateway]\nlisten = \"127.0.0.1:0\"\ncheckpoints = \"file://{0}/checkpoints\"\n\n\
             [sources.in]\n{source}\n\n\
             [sinks.out]\ntype = \"files\"\npath = \"{0}/out\"\nformat = \"json\"\n\n\
             [pipelines.p]\nfrom = [\"in\"]\nto = [\"out\"]\ninterval = \"{interval}\"\n",
            folder.display()
        ),
    )?;
    Ok(config)
}

/// The share of one core, in percent.
fn measure(config: &Path, warm_up: Duration, window: Duration) -> Result<f64> {
    let process = Process::gateway(config, &[])?;
    // Time has to pass here: processor time per wall time is what is measured.
    thread::sleep(warm_up);
    let before = process.cpu()?;
    thread::sleep(window);
    let used = process.cpu()?.saturating_sub(before);
    process.stop()?;
    process.finish(Duration::from_secs(60))?;
    Ok(used.as_secs_f64() / window.as_secs_f64() * 100.0)
}

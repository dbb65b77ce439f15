//! Lines of a program to files.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::input::{self, LINE_BYTES};
use crate::measurement::{Comparison, HEAD, Run};
use crate::options::Options;
use crate::output;
use crate::process::Process;

/// What the gateway keeps of what the program writes before it is written.
const WAYS: [(&str, &str); 2] = [("journal", "0.5"), ("memory", "-")];

/// Writes what is there, and stays: a program that ends is started again.
const PROGRAM: &str = "cat records.txt; exec sleep 1000";

/// Compares the gateway with its journal, without one, and the reference, which has none.
pub(crate) fn run(options: &Options) -> Result<()> {
    println!("{HEAD}");
    for (durability, least) in WAYS {
        let mut comparison = Comparison::default();
        for _ in 0..options.rounds {
            let gateway = measure(options, |folder| gateway(folder, durability))?;
            comparison.gateway.push(gateway);
            comparison.reference.push(measure(options, reference)?);
        }
        let name = format!("exec, 256-byte lines, `durability = \"{durability}\"`");
        println!("{}", comparison.row(&name, least));
    }
    Ok(())
}

fn gateway(folder: &Path, durability: &str) -> Result<Process> {
    let config = folder.join("forebay.toml");
    fs::write(
        &config,
        format!(
            "[gateway]\nlisten = \"127.0.0.1:0\"\ncheckpoints = \"file://{0}/checkpoints\"\n\n\
             [sources.in]\ntype = \"exec\"\ncommand = [\"sh\", \"-c\", \"{PROGRAM}\"]\n\
             format = \"text\"\nstop_timeout = \"0s\"\n\
             journal = {{ durability = \"{durability}\" }}\n\n\
             [sinks.out]\ntype = \"files\"\npath = \"{0}/out\"\nformat = \"text\"\n\
             roll_interval = \"200ms\"\n\n\
             [pipelines.p]\nfrom = [\"in\"]\nto = [\"out\"]\ninterval = \"100ms\"\n",
            folder.display()
        ),
    )?;
    Process::gateway(&config, &[])
}

fn reference(folder: &Path) -> Result<Process> {
    let path = |name: &str| folder.join(name).display().to_string();
    Process::reference(folder, &["exec-text", &path("records.txt"), &path("out")])
}

/// From the start of a process until all lines are visible.
fn measure(options: &Options, start: impl Fn(&Path) -> Result<Process>) -> Result<Run> {
    let scratch = options.scratch()?;
    let folder = scratch.path();
    input::write_file(&folder.join("records.txt"), options.records, input::line)?;
    let mut process = start(folder)?;
    let bytes = options.records * LINE_BYTES as u64;
    let begun = process.begun();
    let wall = output::wait_for_bytes(&folder.join("out"), bytes, begun, &mut process)?;
    process.stop()?;
    let used = process.finish(Duration::from_secs(60))?;
    Ok(Run { records: options.records, wall, used })
}

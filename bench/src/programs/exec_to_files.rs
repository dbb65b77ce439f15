//! Lines of a program to files.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::receiving::{self, rows};
use crate::input::{self, LINE_BYTES};
use crate::measurement::Run;
use crate::options::Options;
use crate::output;
use crate::process::Process;

/// Writes what is there, and stays: a program that ends is started again.
const PROGRAM: &str = "cat records.txt; exec sleep 1000";

/// Compares the gateway with and without its journal, and the reference with and without a log.
pub(crate) fn run(options: &Options) -> Result<()> {
    let ways: [fn(&Path) -> Result<Process>; 4] = [
        |folder| gateway(folder, "journal"),
        |folder| reference(folder, &["log"]),
        |folder| gateway(folder, "memory"),
        |folder| reference(folder, &[]),
    ];
    rows("exec, 256-byte lines", options.rounds, ways.map(|start| move || measure(options, start)))
}

fn gateway(folder: &Path, durability: &str) -> Result<Process> {
    let source = format!(
        "type = \"exec\"\ncommand = [\"sh\", \"-c\", \"{PROGRAM}\"]\nstop_timeout = \"0s\""
    );
    receiving::gateway(folder, &source, durability)
}

fn reference(folder: &Path, log: &[&str]) -> Result<Process> {
    let paths = ["records.txt", "out"].iter().chain(log).map(|name| folder.join(name));
    let paths: Vec<String> = paths.map(|path| path.display().to_string()).collect();
    let arguments = ["exec-text"].into_iter().chain(paths.iter().map(String::as_str));
    Process::reference(folder, &arguments.collect::<Vec<_>>())
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

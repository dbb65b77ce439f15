//! How a server is started.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::process::Process;

/// How a server is started, and how one knows that it is ready.
#[derive(Clone, Debug)]
pub(super) struct Launch {
    /// What it is called in messages.
    pub(super) name: String,
    /// The arguments of the JVM.
    pub(super) arguments: Vec<String>,
    /// The file that it writes to.
    pub(super) log: PathBuf,
    /// What it writes when it is ready.
    pub(super) ready: &'static str,
    /// Where it listens for clients then, which may be a moment later.
    pub(super) address: SocketAddr,
    /// The longest that it may take to be ready, or to stop.
    pub(super) patience: Duration,
}

impl Launch {
    /// Starts it, and does not wait.
    pub(super) fn start(&self) -> Result<Process> {
        let mut java = Command::new("java");
        java.args(&self.arguments);
        Process::start(&self.name, java, &self.log)
            .context("a JVM is needed: `apt-get install openjdk-17-jdk-headless` brings it")
    }
}

/// Options that make a JVM start fast and stay small: compiled once and quickly, collected by one
/// thread.
pub(super) fn small_jvm(heap_mib: u32) -> Vec<String> {
    let heap = format!("-Xmx{heap_mib}m");
    let options = [
        "-Xms64m",
        &heap,
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-XX:-UsePerfData",
        "-XX:+ExitOnOutOfMemoryError",
        "-Djava.awt.headless=true",
        "-Djava.net.preferIPv4Stack=true",
    ];
    options.map(str::to_owned).to_vec()
}

/// Copies what is in a folder into another one, which is made.
pub(super) fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("{}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy_folder(&entry.path(), &target)?,
            false => drop(fs::copy(entry.path(), target)?),
        }
    }
    Ok(())
}

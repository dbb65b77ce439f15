//! A worker of the Kinesis Client Library.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use tempfile::TempDir;

use super::distribution::Distribution;
use super::dynamodb::DynamoDb;
use super::kinesis::Kinesis;
use super::launch::small_jvm;
use super::process::Process;
use super::watchdog;

/// The file that it writes to.
const LOG: &str = "log";

/// A worker of the Kinesis Client Library 3, in its mode that is compatible with version 2. It says
/// what it read, and keeps its positions in the table.
#[derive(Debug)]
pub struct KclWorker {
    process: Process,
    folder: TempDir,
}

impl KclWorker {
    /// Brings what it consists of into the cache.
    ///
    /// # Errors
    /// If that fails.
    pub fn fetch() -> Result<()> {
        Distribution::KCL.resolve().map(drop)
    }

    /// Starts one of this name, and does not wait.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(
        kinesis: &Kinesis,
        dynamo: &DynamoDb,
        (stream, table): (&str, &str),
        name: &str,
        failover: Duration,
    ) -> Result<Self> {
        let jars = Distribution::KCL.resolve()?;
        let folder = tempfile::Builder::new().prefix("forebay-kcl-").tempdir()?;
        watchdog::remove(folder.path())?;
        let program = folder.path().join("KclWorker.java");
        std::fs::write(&program, include_str!("../../servers/kcl/KclWorker.java"))?;
        let mut java = Command::new("java");
        java.args(small_jvm(256))
            .arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
            .args(["-cp", &jars.class_path()])
            .arg(program)
            .arg(format!("http://{}", kinesis.address()))
            .arg(format!("http://{}", dynamo.address()))
            .args([stream, table, name])
            .arg(failover.as_millis().to_string());
        let process =
            Process::start("a worker of the client library", java, &folder.path().join(LOG))
                .context("a JVM is needed: `apt-get install openjdk-17-jdk-headless` brings it")?;
        Ok(Self { process, folder })
    }

    /// Ends it at once, as `kill -9` does, and says what it read.
    ///
    /// # Errors
    /// If it ended by itself before, or what it said is broken.
    pub fn kill(self) -> Result<Vec<Value>> {
        let Self { process, folder } = self;
        process.kill()?;
        values(&std::fs::read_to_string(folder.path().join(LOG))?)
    }

    /// What it read so far.
    ///
    /// # Errors
    /// If what it said is broken.
    pub fn read(&self) -> Result<Vec<Value>> {
        values(&self.process.words())
    }

    /// The end of what it wrote.
    #[must_use]
    pub fn last_words(&self) -> String {
        self.process.last_words()
    }
}

/// The records in the lines that are whole.
fn values(log: &str) -> Result<Vec<Value>> {
    let whole = log.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let records = whole.lines().filter_map(|line| line.strip_prefix("REC "));
    records.map(|text| serde_json::from_str(text).with_context(|| text.to_owned())).collect()
}

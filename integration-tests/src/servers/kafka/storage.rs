//! The data folder of a Kafka server before its first start.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::options::Options;
use crate::servers::distribution::{Jars, lock};
use crate::servers::launch::{copy_folder, small_jvm};

/// Every cluster has the same id: two of them never meet.
const CLUSTER: &str = "MkU3OEVBNTcwNTJENDM2Qg";

/// Where Kafka keeps which server a folder belongs to.
const META: &str = "meta.properties";

/// Formats the folder of a server. What Kafka's own tool writes, apart from ids, is the same each
/// time: it is run once, and its work is copied, which saves a second for each server.
pub(super) fn format(jars: &Jars, folder: &Path, node: u16) -> Result<()> {
    let pattern = jars.folder.join("formatted-with-user");
    {
        let _lock = lock(&jars.folder.join(".format.lock"))?;
        if !pattern.exists() {
            make_pattern(jars, &pattern)?;
        }
    }
    copy_folder(&pattern, folder)?;
    let directory = BASE64_URL_SAFE_NO_PAD.encode(fastrand::u128(..).to_be_bytes());
    let meta =
        format!("version=1\ncluster.id={CLUSTER}\nnode.id={node}\ndirectory.id={directory}\n");
    Ok(fs::write(folder.join(META), meta)?)
}

/// The user whom every cluster knows.
fn scram(mechanism: &str) -> String {
    let (user, password) = (Options::USER, Options::PASSWORD);
    format!("{mechanism}=[name={user},password={password}]")
}

fn make_pattern(jars: &Jars, pattern: &Path) -> Result<()> {
    let scratch = tempfile::Builder::new().prefix("forebay-").tempdir()?;
    let (logs, properties) = (scratch.path().join("logs"), scratch.path().join("properties"));
    let text = format!(
        "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.voters=1@127.0.0.1:2\n\
         listeners=PLAINTEXT://127.0.0.1:1,CONTROLLER://127.0.0.1:2\n\
         controller.listener.names=CONTROLLER\n\
         listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
         log.dirs={}\n",
        logs.display()
    );
    fs::write(&properties, text)?;
    let output = Command::new("java")
        .args(small_jvm(256))
        .args(["-cp", &jars.class_path(), "kafka.tools.StorageTool", "format"])
        .args(["-t", CLUSTER, "-c"])
        .arg(&properties)
        .args(["--add-scram", &scram("SCRAM-SHA-256")])
        .args(["--add-scram", &scram("SCRAM-SHA-512")])
        .output()
        .context("a JVM is needed: `apt-get install openjdk-17-jdk-headless` brings it")?;
    ensure!(
        output.status.success(),
        "kafka's storage tool failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    fs::remove_file(logs.join(META))?;
    // Whole or not at all: the scratch folder may be on another file system.
    let half = pattern.with_extension("half");
    if half.exists() {
        fs::remove_dir_all(&half)?;
    }
    copy_folder(&logs, &half)?;
    Ok(fs::rename(half, pattern)?)
}

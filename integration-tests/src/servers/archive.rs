//! An archive of a server's classes, which halves the time that it takes to start.
//!
//! JDK 17 writes one when a server ends that ran with `-XX:ArchiveClassesAtExit`
//! (<https://docs.oracle.com/en/java/javase/17/vm/class-data-sharing.html>). It belongs to one JVM
//! and one class path; where it does not fit, the JVM leaves it and starts more slowly.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result};

use super::distribution::{Jars, lock};
use super::node::Node;

/// The options that use the archive. If there is none for this JVM, `rehearse` makes the server
/// ready to start once, on data that is thrown away, with options that write it.
#[expect(clippy::print_stderr, reason = "it takes some seconds, once")]
pub(super) fn options(
    jars: &Jars,
    rehearse: impl FnOnce(Vec<String>, &Path) -> Result<Node>,
) -> Result<Vec<String>> {
    let mut class_path = DefaultHasher::new();
    jars.class_path().hash(&mut class_path);
    let name = format!("classes-{}-{:016x}.jsa", jvm()?, class_path.finish());
    let archive = jars.folder.join(name);
    let _lock = lock(&jars.folder.join(".archive.lock"))?;
    if !archive.exists() {
        eprintln!("an archive of classes is made: {}", archive.display());
        let half = archive.with_extension("half");
        let folder = tempfile::Builder::new().prefix("forebay-").tempdir()?;
        let node = rehearse(vec![option("ArchiveClassesAtExit", &half)], folder.path())?;
        node.start()?;
        node.stop()?;
        fs::rename(&half, &archive).context("the JVM wrote no archive of its classes")?;
    }
    Ok(vec!["-Xshare:auto".to_owned(), option("SharedArchiveFile", &archive)])
}

fn option(name: &str, path: &Path) -> String {
    format!("-XX:{name}={}", path.display())
}

/// What tells one build of a JVM from the next: when its program was made.
fn jvm() -> Result<String> {
    let output = Command::new("/bin/sh")
        .args(["-c", "command -v java"])
        .output()
        .context("the JVM cannot be looked for")?;
    let path = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let program = fs::canonicalize(path)
        .context("there is no JVM: `apt-get install openjdk-17-jdk-headless` brings it")?;
    let made = fs::metadata(program)?.modified()?;
    Ok(made.duration_since(UNIX_EPOCH)?.as_secs().to_string())
}

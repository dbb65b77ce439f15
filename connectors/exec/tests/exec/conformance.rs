//! The receiver keeps the contract of all receivers.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use forebay_core::testing::receiver::check;
use serde_json::Value;
use tempfile::tempdir;
use tokio::time::sleep;

use crate::running::shell;

/// A program that writes what comes through one pipe, and writes its acknowledgements to a file.
const PROGRAM: &str =
    "exec 3<>in; : >answers.$$; cat <&3 & while read -r line; do echo \"$line\" >>answers.$$; done";

/// Sends lines through the pipe, and waits until the last of them is acknowledged.
async fn send(folder: PathBuf, observed: Value, records: Vec<Vec<u8>>) -> Result<(), String> {
    let pid = observed["pid"].as_u64().ok_or("it does not run")?;
    let before = observed["taken"].as_u64().unwrap_or(0);
    let answers = folder.join(format!("answers.{pid}"));
    if !answers.exists() {
        return Err("it does not listen yet".to_owned());
    }
    let mut text = records.join(&b'\n');
    text.push(b'\n');
    let mut pipe = OpenOptions::new().read(true).write(true).open(folder.join("in")).unwrap();
    tokio::task::spawn_blocking(move || pipe.write_all(&text)).await.unwrap().unwrap();
    loop {
        let mut heard = String::new();
        std::fs::File::open(&answers).unwrap().read_to_string(&mut heard).unwrap();
        let last = heard.lines().next_back().and_then(|line| line.strip_prefix("ack "));
        let taken: u64 = last.and_then(|last| last.parse().ok()).unwrap_or(0);
        if taken >= before + records.len() as u64 {
            return Ok(());
        }
        sleep(Duration::from_millis(5)).await;
    }
}

fn make_pipe(folder: &Path) {
    let made = Command::new("mkfifo").arg(folder.join("in")).status().unwrap();
    assert!(made.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_receiver_conforms() {
    let folder = tempdir().unwrap();
    make_pipe(folder.path());
    let path = folder.path().to_owned();
    let build = || shell(folder.path(), PROGRAM, "acknowledge = true\nmax_frame = \"1KiB\"");
    check(build, |observed, records| send(path.clone(), observed, records), 3000).await.unwrap();
}

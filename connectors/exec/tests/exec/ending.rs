//! How a program ends, or is ended.

use std::path::Path;
use std::time::{Duration, Instant};

use forebay_core::testing::intake;
use tempfile::tempdir;

use crate::running::{build, shell, start};

fn runs(pid: u64) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = status.rsplit(") ").next().unwrap_or_default();
    !state.is_empty() && !state.starts_with('Z')
}

async fn until_gone(pid: u64) {
    let begun = Instant::now();
    while runs(pid) {
        assert!(begun.elapsed() < Duration::from_secs(10), "process {pid} is left behind");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_stop_asks_and_takes_the_last_records() {
    let folder = tempdir().unwrap();
    let (intake, mut caught) = intake();
    let script = "trap 'echo last; exit 0' TERM; echo ready; while :; do sleep 0.01; done";
    let running = start(shell(folder.path(), script, ""), intake);
    assert_eq!(caught.values(1).await, [b"ready"]);
    let pid = running.until(|seen| seen["pid"].is_u64()).await["pid"].as_u64().unwrap();
    running.stop.cancel();
    running.ended().await.unwrap();
    assert_eq!(caught.values(1).await, [b"last"]);
    until_gone(pid).await;
}

#[tokio::test]
async fn a_program_that_does_not_end_is_killed_with_all_that_it_started() {
    let folder = tempdir().unwrap();
    let (intake, mut caught) = intake();
    let script = "trap '' TERM; sleep 1000 & echo $!; while :; do sleep 1000; done";
    let running = start(shell(folder.path(), script, "stop_timeout = \"200ms\""), intake);
    let below = String::from_utf8(caught.values(1).await.remove(0)).unwrap();
    running.stop.cancel();
    running.ended().await.unwrap();
    until_gone(below.parse().unwrap()).await;
}

#[tokio::test]
async fn what_a_program_leaves_behind_is_ended_when_it_ends() {
    let folder = tempdir().unwrap();
    let (intake, mut caught) = intake();
    // What is left behind does not hold the standard output.
    let script = "sleep 1000 >/dev/null 2>&1 & echo $!; exit 3";
    let running = start(shell(folder.path(), script, ""), intake);
    let below = String::from_utf8(caught.values(1).await.remove(0)).unwrap();
    assert!(running.why().await.contains("exit status: 3"));
    until_gone(below.parse().unwrap()).await;
}

#[tokio::test]
async fn a_run_that_is_dropped_leaves_no_program_behind() {
    let folder = tempdir().unwrap();
    let (intake, mut caught) = intake();
    let mut receiver = shell(folder.path(), "echo $$; exec sleep 1000", "");
    let stop = tokio_util::sync::CancellationToken::new();
    let task = tokio::spawn(async move { receiver.run(intake, stop).await.is_ok() });
    let pid = String::from_utf8(caught.values(1).await.remove(0)).unwrap();
    task.abort();
    assert!(task.await.is_err());
    until_gone(pid.parse().unwrap()).await;
}

#[tokio::test]
async fn a_program_that_cannot_be_started_says_which() {
    let (intake, _caught) = intake();
    for command in ["./not-there", "no-such-program-anywhere"] {
        let receiver = build(Path::new("/tmp"), &format!("command = [\"{command}\"]"));
        let why = start(receiver, intake.clone()).why().await;
        assert!(why.contains("cannot be started") && why.contains("No such file"), "{why}");
    }
}

#[tokio::test]
async fn complaints_are_counted() {
    let folder = tempdir().unwrap();
    let (intake, _caught) = intake();
    let script = "i=0; while [ $i -lt 500 ]; do echo no >&2; i=$((i+1)); done; echo 'the end' >&2";
    let running = start(shell(folder.path(), script, ""), intake);
    running.until(|seen| seen["stderr_lines"] == 501).await;
    assert!(running.why().await.contains("the end"));
}

#[tokio::test]
async fn a_probe_finds_the_program_and_starts_nothing() {
    let folder = tempdir().unwrap();
    let probed = shell(folder.path(), "touch started", "").probe().await;
    assert!(probed.is_well(), "{probed:?}");
    assert!(!folder.path().join("started").exists());
    let probed = build(folder.path(), "command = [\"./not-there\"]").probe().await;
    let last = probed.steps().last().unwrap();
    assert_eq!((probed.is_well(), &*last.name), (false, "program"), "{probed:?}");
}

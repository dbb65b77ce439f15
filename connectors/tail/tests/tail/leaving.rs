//! Files that are deleted.

use std::fs;

use forebay_core::Source;
use tempfile::tempdir;

use crate::harness::{Harness, append, config, lines};

#[tokio::test]
async fn a_deleted_file_is_read_on_while_it_is_open_and_then_forgotten() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.log");
    append(&path, lines(0..10));
    let mut harness = Harness::new(&config(folder.path())).await;
    harness.read(4).await;
    let mut writer = fs::File::options().append(true).open(&path).unwrap();
    fs::remove_file(&path).unwrap();
    std::io::Write::write_all(&mut writer, b"after the end\nwithout an end").unwrap();
    let texts = harness.until(12).await;
    assert_eq!(texts[10..], ["after the end", "without an end"]);
    harness.reported(|report| report["gone"] == 1, "the file that is gone").await;
    let split = harness.slices[0].range.split.clone();
    let mut forgotten = Vec::new();
    let begun = std::time::Instant::now();
    while forgotten.is_empty() && begun.elapsed().as_secs() < 20 {
        forgotten = harness.commit().await;
        harness.read(10).await;
        let wait = std::time::Duration::from_millis(50);
        let _ = tokio::time::timeout(wait, harness.source.ready()).await;
    }
    assert_eq!(forgotten, [split]);
    assert!(harness.resume.committed.is_empty(), "nothing of it is left in the checkpoint");
    assert_eq!(harness.report()["cut"], 0);
}

#[tokio::test]
async fn what_is_deleted_before_it_was_read_is_counted() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.log");
    append(&path, lines(0..10));
    let mut harness = Harness::new(&config(folder.path())).await;
    assert_eq!(harness.splits().await.len(), 1);
    let bytes = fs::metadata(&path).unwrap().len();
    fs::remove_file(&path).unwrap();
    harness.reported(|report| report["cut"] == 1, "a file that was cut").await;
    assert_eq!(harness.report()["cut_bytes"], bytes);
    assert!(harness.texts().is_empty());
    append(&path, "the next under its name\n");
    assert_eq!(harness.until(1).await, ["the next under its name"]);
}

//! Which files are taken, and for how long they are remembered.

use std::fs;

use forebay_core::Source;
use forebay_core::source::{Resume, SourceError};
use forebay_core::units::TimeSpan;
use tempfile::tempdir;

use crate::content::set_age;
use crate::harness::{self, Harness, config, open, write};

#[tokio::test]
async fn a_file_is_taken_once_and_new_ones_are_noticed() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.txt", "a\n");
    let mut harness = Harness::new(config(folder.path())).await;
    assert_eq!(harness.texts_after(1).await, ["a"]);
    harness.commit().await;
    write(folder.path(), "b.txt", "b\n");
    assert_eq!(harness.texts_after(1).await, ["b"]);
    harness.commit().await;
    let resume = harness.resume();
    harness.source.close().await;
    let mut again = Harness::resumed(config(folder.path()), resume).await;
    write(folder.path(), "c.txt", "c\n");
    assert_eq!(again.texts_after(1).await, ["c"]);
}

#[tokio::test]
async fn files_that_are_too_old_are_left_alone_and_in_the_end_forgotten() {
    let folder = tempdir().unwrap();
    let path = write(folder.path(), "a.txt", "a\n");
    let mut config = config(folder.path());
    config.max_file_age = Some(TimeSpan::from_secs(3600));
    for (age, forgotten) in [(3700, 0), (7300, 1)] {
        set_age(&path, age);
        let mut unlimited = Harness::new(harness::config(folder.path())).await;
        unlimited.texts_after(1).await;
        unlimited.commit().await;
        let resume = unlimited.resume();
        let mut fresh = Harness::new(config.clone()).await;
        assert_eq!(fresh.splits().await, [], "too old to be taken");
        let mut harness = Harness::resumed(config.clone(), resume).await;
        assert_eq!(harness.source.forget().await.len(), forgotten, "after {age} s");
        assert_eq!(harness.splits().await, [], "and what is forgotten is not taken again");
    }
}

#[tokio::test]
async fn a_missing_folder_is_tried_again() {
    let folder = tempdir().unwrap();
    let inner = folder.path().join("in");
    let mut source = open(&config(&inner));
    let error = source.connect(&Resume::default()).await.unwrap_err();
    assert!(matches!(error, SourceError::Transient(_)), "{error}");
    fs::create_dir(&inner).unwrap();
    source.connect(&Resume::default()).await.unwrap();
    source.close().await;
}

#[tokio::test]
async fn the_checkpoint_of_another_source_is_refused() {
    let folder = tempdir().unwrap();
    let mut source = open(&config(folder.path()));
    let resume = Resume { committed: [("0".into(), 1.into())].into(), finished: Vec::new() };
    assert!(matches!(source.connect(&resume).await, Err(SourceError::Fatal(_))));
}

#[tokio::test]
async fn twenty_thousand_files_are_listed() {
    let folder = tempdir().unwrap();
    for number in 0..20_000 {
        fs::write(folder.path().join(format!("{number}.txt")), "x\n").unwrap();
    }
    let started = std::time::Instant::now();
    let mut harness = Harness::new(config(folder.path())).await;
    println!("connect to 20000 new files: {:?}", started.elapsed());
    let started = std::time::Instant::now();
    assert_eq!(harness.splits().await.len(), 20_000);
    println!("splits with all of them unread: {:?}", started.elapsed());
    let report = harness.source.observe().unwrap().observe();
    println!("one look at the folder: {} ms", report["listing_ms"]);
    assert_eq!(report["pending"], 20_000);
}

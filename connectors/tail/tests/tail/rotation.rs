//! Rotation in all its kinds.

use std::fs;
use std::time::Duration;

use forebay_core::Source;
use forebay_core::source::{Resume, SourceError};
use forebay_core::units::TimeSpan;
use forebay_tail_source::TailConfig;
use tempfile::tempdir;

use crate::harness::{Harness, append, config, gzip, lines, open, texts, texts_of};

#[tokio::test]
async fn a_renamed_file_is_read_to_its_end_and_the_new_one_from_its_beginning() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.log");
    append(&path, lines(0..10));
    let mut harness = Harness::new(&config(folder.path())).await;
    harness.until(10).await;
    fs::rename(&path, folder.path().join("a.log.1")).unwrap();
    append(&folder.path().join("a.log.1"), lines(10..15));
    append(&path, lines(15..20));
    let mut texts = harness.until(20).await;
    texts.sort_by_key(|text| text[5..].parse::<u32>().unwrap());
    assert_eq!(texts, texts_of(0..20));
    // Renamed once more, and written to by someone who has it open.
    fs::rename(folder.path().join("a.log.1"), folder.path().join("a.log.2")).unwrap();
    append(&folder.path().join("a.log.2"), "late\nwithout an end");
    assert_eq!(harness.until(22).await[20..], ["late", "without an end"]);
    assert_eq!(harness.watch(Duration::from_millis(400)).await.len(), 22);
}

/// Copies and truncates, as `logrotate` does with `copytruncate`.
fn copy_and_truncate(folder: &std::path::Path) {
    fs::copy(folder.join("a.log"), folder.join("a.log.1")).unwrap();
    fs::File::options().write(true).open(folder.join("a.log")).unwrap().set_len(0).unwrap();
}

#[tokio::test]
async fn a_truncated_file_is_read_from_its_beginning_and_its_rest_from_the_copy() {
    // Whether the options name the copy too, or not.
    for pattern in ["*.log", "a.log*"] {
        let folder = tempdir().unwrap();
        let path = folder.path().join("a.log");
        append(&path, lines(0..10));
        let mut config = config(folder.path());
        config.paths = vec![folder.path().join(pattern)];
        let mut harness = Harness::new(&config).await;
        harness.until(10).await;
        harness.commit().await;
        append(&path, lines(10..20));
        copy_and_truncate(folder.path());
        append(&path, lines(20..25));
        let mut texts = harness.until(25).await;
        texts.sort_by_key(|text| text[5..].parse::<u32>().unwrap());
        assert_eq!(texts, texts_of(0..25), "{pattern}");
        assert_eq!(harness.watch(Duration::from_millis(800)).await.len(), 25, "{pattern}");
        assert_eq!(harness.report()["cut"], 0);
        // Nor does it come after a restart.
        harness.commit().await;
        harness.source.close().await;
        let mut again = Harness::resumed(&config, harness.resume).await;
        let texts = again.watch(Duration::from_millis(800)).await;
        assert!(texts.is_empty(), "{pattern}: {texts:?}");
    }
}

#[tokio::test]
async fn a_file_that_was_truncated_while_nobody_looked_is_told_by_its_bytes() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.log");
    append(&path, lines(0..10));
    let config = config(folder.path());
    let mut harness = Harness::new(&config).await;
    harness.until(10).await;
    harness.commit().await;
    harness.source.close().await;
    // The same inode, and longer than it was.
    fs::write(&path, lines(100..130)).unwrap();
    let mut again = Harness::resumed(&config, harness.resume).await;
    assert_eq!(again.until(30).await, texts_of(100..130));
    assert_eq!(again.report()["truncated"], 1);
}

#[tokio::test]
async fn a_rotated_file_that_is_compressed_is_read_once() {
    let folder = tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let config = TailConfig {
        paths: vec![path("a.log*")],
        // Longer than the test, so that nothing is believed to be gone too early.
        rotate_wait: TimeSpan::from_secs(8),
        forget_after: TimeSpan::from_secs(8),
        ..config(folder.path())
    };
    append(&path("a.log"), lines(0..10));
    let mut harness = Harness::new(&config).await;
    harness.until(10).await;
    harness.commit().await;
    // All of it was read before it was compressed.
    fs::rename(path("a.log"), path("a.log.1")).unwrap();
    append(&path("a.log"), lines(10..12));
    harness.until(12).await;
    harness.commit().await;
    gzip(&path("a.log.1"), &path("a.log.2.gz"));
    fs::remove_file(path("a.log.1")).unwrap();
    assert_eq!(harness.watch(Duration::from_millis(1500)).await.len(), 12);
    harness.source.close().await;

    // Not all of it: what was written while the gateway was away is in the compressed file alone.
    append(&path("a.log"), lines(12..20));
    gzip(&path("a.log"), &path("a.log.1.gz"));
    fs::remove_file(path("a.log")).unwrap();
    append(&path("a.log"), lines(20..22));
    let mut again = Harness::resumed(&config, harness.resume).await;
    let mut texts = again.until(10).await;
    texts.sort();
    assert_eq!(texts, texts_of(12..22));
    again.commit().await;
    again.source.close().await;
    let mut once_more = Harness::resumed(&config, again.resume).await;
    let texts = once_more.watch(Duration::from_millis(1500)).await;
    assert!(texts.is_empty(), "{texts:?}");
}

#[tokio::test]
async fn what_was_planned_before_a_crash_is_found_in_the_copy() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.log");
    append(&path, lines(0..300));
    let config = config(folder.path());
    let mut harness = Harness::new(&config).await;
    harness.until(300).await;
    let ranges: Vec<_> = harness.slices.iter().map(|slice| slice.range.clone()).collect();
    drop(harness.source);
    copy_and_truncate(folder.path());
    append(&path, lines(300..310));
    let mut after = open(&config);
    after.connect(&Resume::default()).await.unwrap();
    let again = after.replay(&ranges).await.unwrap();
    assert_eq!(again.iter().flat_map(texts).collect::<Vec<_>>(), texts_of(0..300));
    after.close().await;

    fs::remove_file(folder.path().join("a.log.1")).unwrap();
    let mut after = open(&config);
    after.connect(&Resume::default()).await.unwrap();
    let lost = after.replay(&ranges).await.unwrap_err();
    assert!(matches!(&lost, SourceError::Lost(text) if text.contains("no copy")), "{lost}");
}

/// Copies are followed too, and nothing is believed of them soon.
fn patient(folder: &std::path::Path) -> TailConfig {
    TailConfig {
        paths: vec![folder.join("a.log*")],
        rotate_wait: TimeSpan::from_secs(8),
        forget_after: TimeSpan::from_secs(8),
        ..config(folder)
    }
}

#[tokio::test]
async fn a_copy_that_takes_long_is_not_taken_for_another_file() {
    let folder = tempdir().unwrap();
    let (path, copy) = (folder.path().join("a.log"), folder.path().join("a.log.1"));
    append(&path, lines(0..300));
    let mut harness = Harness::new(&patient(folder.path())).await;
    harness.until(300).await;
    let text = fs::read(&path).unwrap();
    for part in [0..0, 0..10, 10..2000, 2000..text.len()] {
        append(&copy, &text[part]);
        assert_eq!(harness.watch(Duration::from_millis(1300)).await.len(), 300);
    }
    fs::File::options().write(true).open(&path).unwrap().set_len(0).unwrap();
    append(&path, lines(300..310));
    assert_eq!(harness.until(310).await, texts_of(0..310));
    assert_eq!(harness.watch(Duration::from_millis(1300)).await.len(), 310);
}

#[tokio::test]
async fn what_is_read_between_copying_and_truncating_does_not_bring_the_copy_again() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.log");
    append(&path, lines(0..10));
    let mut harness = Harness::new(&patient(folder.path())).await;
    harness.read(4).await;
    harness.until(10).await;
    fs::copy(&path, folder.path().join("a.log.1")).unwrap();
    append(&path, lines(10..12));
    harness.until(12).await;
    fs::File::options().write(true).open(&path).unwrap().set_len(0).unwrap();
    append(&path, lines(12..15));
    assert_eq!(harness.until(15).await, texts_of(0..15));
    assert_eq!(harness.watch(Duration::from_millis(1300)).await.len(), 15);
}

#[tokio::test]
async fn what_was_planned_of_a_file_begun_anew_does_not_bring_the_copy_of_what_it_was() {
    let folder = tempdir().unwrap();
    let config = patient(folder.path());
    append(&folder.path().join("a.log"), lines(0..10));
    let mut harness = Harness::new(&config).await;
    harness.until(10).await;
    harness.commit().await;
    let committed = harness.resume.clone();
    copy_and_truncate(folder.path());
    append(&folder.path().join("a.log"), lines(10..12));
    harness.until(12).await;
    let planned: Vec<_> = harness.slices[1..].iter().map(|slice| slice.range.clone()).collect();
    harness.source.close().await;
    // That the file was begun anew is not known before the replay says so.
    let mut again = Harness::resumed(&config, committed).await;
    assert_eq!(again.replayed(&planned).await, 2);
    append(&folder.path().join("a.log"), lines(12..15));
    assert_eq!(again.until(5).await, texts_of(10..15));
    assert_eq!(again.watch(Duration::from_millis(1300)).await.len(), 5, "{:?}", again.texts());
}

#[tokio::test]
async fn what_was_planned_of_a_copy_before_a_crash_is_read_once() {
    let folder = tempdir().unwrap();
    let config = patient(folder.path());
    append(&folder.path().join("a.log"), lines(0..10));
    let mut harness = Harness::new(&config).await;
    harness.read(4).await;
    harness.commit().await;
    let committed = harness.resume.clone();
    copy_and_truncate(folder.path());
    append(&folder.path().join("a.log"), lines(10..12));
    harness.until(12).await;
    let planned: Vec<_> = harness.slices[1..].iter().map(|slice| slice.range.clone()).collect();
    harness.source.close().await;
    // The file is known, and its copy is not.
    let mut again = Harness::resumed(&config, committed).await;
    let replayed = again.replayed(&planned).await;
    assert_eq!(replayed, 8);
    assert_eq!(again.watch(Duration::from_millis(2500)).await.len(), 8, "{:?}", again.texts());
}

#[tokio::test]
async fn two_files_that_begin_alike_are_both_read() {
    let folder = tempdir().unwrap();
    append(&folder.path().join("a.log"), "# made by the same program\n");
    let mut harness = Harness::new(&config(folder.path())).await;
    harness.until(1).await;
    append(&folder.path().join("a.b.log"), "# made by the same program\n");
    assert_eq!(harness.until(2).await.len(), 2, "later, as it could be a copy");
    append(&folder.path().join("a.b.log"), "and more\n");
    assert_eq!(harness.until(3).await[2], "and more");
}

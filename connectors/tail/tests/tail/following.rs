//! Files that grow.

use std::fs;
use std::time::Duration;

use arrow::array::AsArray;
use forebay_core::Source;
use forebay_core::source::{Resume, SourceError};
use forebay_core::units::{ByteSize, TimeSpan};
use forebay_tail_source::{Multiline, Start};
use tempfile::tempdir;

use crate::harness::{Harness, append, config, lines, offsets, open, texts_of};

#[tokio::test]
async fn what_is_appended_comes_when_its_line_is_ended() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.log");
    append(&path, "one\nhal");
    let mut harness = Harness::new(&config(folder.path())).await;
    assert_eq!(harness.until(1).await, ["one"]);
    assert_eq!(harness.watch(Duration::from_millis(500)).await, ["one"], "half a line is none");
    append(&path, "f\ntwo\n");
    assert_eq!(harness.until(3).await, ["one", "half", "two"]);
    assert_eq!(harness.slices.iter().flat_map(offsets).collect::<Vec<_>>(), [0, 4, 9]);
    append(&folder.path().join("new.log"), "of another\n");
    assert_eq!(harness.until(4).await[3], "of another");
}

#[tokio::test]
async fn a_restart_goes_on_where_it_was_also_under_another_name() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.log");
    append(&path, lines(0..10));
    let config = config(folder.path());
    let mut harness = Harness::new(&config).await;
    harness.until(10).await;
    harness.commit().await;
    harness.source.close().await;
    append(&path, lines(10..20));
    fs::rename(&path, folder.path().join("a.log.1")).unwrap();
    append(&path, lines(20..30));
    let mut again = Harness::resumed(&config, harness.resume).await;
    let mut texts = again.until(20).await;
    texts.sort();
    assert_eq!(texts, texts_of(10..30));
}

#[tokio::test]
async fn what_was_there_at_the_start_is_left_out_if_asked_for() {
    let folder = tempdir().unwrap();
    append(&folder.path().join("a.log"), "old\nhalf");
    let mut config = config(folder.path());
    config.start = Start::End;
    let mut harness = Harness::new(&config).await;
    append(&folder.path().join("a.log"), " a line\nnew\n");
    append(&folder.path().join("b.log"), "of a new file\n");
    let mut texts = harness.until(3).await;
    texts.sort();
    assert_eq!(texts, ["half a line", "new", "of a new file"]);
}

#[tokio::test]
async fn lines_that_belong_together_are_taken_when_the_next_record_begins_or_time_passes() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.log");
    append(&path, "1 error\n  at a\n");
    let mut config = config(folder.path());
    let timeout = TimeSpan::from_millis(300);
    config.multiline = Some(Multiline { start: r"^\d".to_owned(), timeout });
    let mut harness = Harness::new(&config).await;
    harness.read(100).await;
    append(&path, "  at b\n2 fine\n");
    assert_eq!(harness.until(2).await, ["1 error\n  at a\n  at b", "2 fine"]);
    append(&path, "  too late\n3 last\n  half");
    assert_eq!(harness.until(4).await[2..], ["  too late", "3 last"]);
    append(&path, " a line\n");
    assert_eq!(harness.until(5).await[4], "  half a line");
    // What time decided is in the ranges: read again, the records are the same.
    let ranges: Vec<_> = harness.slices.iter().map(|slice| slice.range.clone()).collect();
    let mut other = open(&config);
    other.connect(&Resume::default()).await.unwrap();
    let slices = other.replay(&ranges).await.unwrap();
    for (first, again) in harness.slices.iter().zip(&slices) {
        assert_eq!(first.records, again.records);
    }
}

#[tokio::test]
async fn a_long_line_and_broken_text_take_no_other_with_them() {
    let folder = tempdir().unwrap();
    let mut text = vec![b'x'; 10_000];
    text.extend_from_slice(b"\nfine\nbroken \xff\xfe\nfine again\n");
    append(&folder.path().join("a.log"), text);
    let mut config = config(folder.path());
    config.max_line = ByteSize(100);
    let mut harness = Harness::new(&config).await;
    harness.until(4).await;
    let decoder = harness.source.decoder();
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for slice in &harness.slices {
        let decoded = decoder.decode(&slice.records).unwrap();
        good.extend(
            decoded.columns["value"].as_string::<i32>().iter().flatten().map(str::to_owned),
        );
        bad.extend(decoded.rejected.iter().map(|(_, reason)| reason.class));
    }
    assert_eq!(good, ["fine", "fine again"]);
    assert_eq!(bad, ["oversize", "encoding"]);
    let kept = harness.slices[0].records["value"].as_binary::<i32>().value(0);
    assert_eq!(kept.len(), 101, "its first bytes are kept");
}

#[tokio::test]
async fn empty_lines_are_no_records_of_json_and_are_passed_over() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.log");
    append(&path, "\n\n{\"a\": 1}\n\n");
    let mut config = config(folder.path());
    config.decoding =
        serde_json::from_str(r#"{"format": "json", "schema": {"a": "int"}}"#).unwrap();
    let mut harness = Harness::new(&config).await;
    assert_eq!(harness.until(1).await, ["{\"a\": 1}"]);
    append(&path, "\n\n");
    assert_eq!(harness.watch(Duration::from_millis(300)).await.len(), 1);
    append(&path, "{\"a\": 2}\n");
    assert_eq!(harness.until(2).await[1], "{\"a\": 2}");
}

#[tokio::test]
async fn a_folder_that_is_not_there_yet_is_waited_for() {
    let folder = tempdir().unwrap();
    let later = folder.path().join("later");
    let mut harness = Harness::new(&config(&later)).await;
    assert!(harness.splits().await.is_empty());
    assert!(harness.report()["unreadable"].as_object().is_some_and(|it| it.len() == 1));
    fs::create_dir(&later).unwrap();
    append(&later.join("a.log"), "at last\n");
    assert_eq!(harness.until(1).await, ["at last"]);
}

#[tokio::test]
async fn the_checkpoint_of_another_source_is_refused() {
    let folder = tempdir().unwrap();
    for (split, position) in [("orders-3", "7"), ("a.log@1-2-0", "x")] {
        let committed = [(split.into(), position.into())].into();
        let resume = Resume { committed, finished: Vec::new() };
        let refused = open(&config(folder.path())).connect(&resume).await.unwrap_err();
        assert!(matches!(&refused, SourceError::Fatal(text) if text.contains("another source")));
    }
}

//! Files as the engine sees them.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test")]

mod common;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Int64Type, UInt64Type};
use arrow_avro::writer::AvroWriter;
use common::{Harness, config, open, write};
use flate2::write::GzEncoder;
use forebay_core::Source;
use forebay_core::component::{Claim, Component};
use forebay_core::source::{Resume, SourceError};
use forebay_core::split::SplitPhase;
use forebay_core::testing::source::check;
use forebay_core::units::{ByteSize, TimeSpan};
use forebay_files_source::{After, Files, FilesConfig, Order};
use parquet::arrow::ArrowWriter;
use proptest::prelude::*;
use serde_json::json;
use tempfile::tempdir;

fn lines(count: usize) -> String {
    (0..count).map(|number| format!("line {number}\n")).collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn append(path: &Path, bytes: &[u8]) {
    fs::File::options().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

fn set_age(path: &Path, seconds: u64) {
    let then = SystemTime::now() - Duration::from_secs(seconds);
    fs::File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
}

#[tokio::test]
async fn text_conforms() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.txt", lines(40));
    write(folder.path(), "b.txt", "no end of line\n\nlast");
    write(folder.path(), "empty.txt", "");
    let summary = check(|| Box::new(open(&config(folder.path())))).await.unwrap();
    assert_eq!((summary.splits, summary.records), (2, 43));
}

#[tokio::test]
async fn compressed_text_conforms() {
    let folder = tempdir().unwrap();
    let two_members = [gzip(&lines(20)), gzip(&lines(20))].concat();
    write(folder.path(), "a.gz", two_members);
    write(folder.path(), "b.zst", zstd::encode_all(lines(30).as_bytes(), 1).unwrap());
    write(folder.path(), "c.txt", lines(10));
    let summary = check(|| Box::new(open(&config(folder.path())))).await.unwrap();
    assert_eq!((summary.splits, summary.records), (3, 80));
}

fn csv(folder: &Path) -> FilesConfig {
    let mut config = config(folder);
    let text = r#"{"format": "csv", "schema": {"id": "bigint", "name": "text"}, "keep": ["path"]}"#;
    config.decoding = serde_json::from_str(text).unwrap();
    config
}

#[tokio::test]
async fn csv_with_a_header_conforms() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.csv", "name,id\nann,1\n\"b\nob\",2\ncarl,x\ndora,4\n");
    write(folder.path(), "b.csv", "id,name\n5,eve\n");
    write(folder.path(), "header.csv", "id,name\n");
    let summary = check(|| Box::new(open(&csv(folder.path())))).await.unwrap();
    assert_eq!((summary.splits, summary.records), (2, 5));

    let mut harness = Harness::new(csv(folder.path())).await;
    let decoded = harness.decode_all().await;
    let ids = decoded.iter().map(|it| it.columns["id"].as_primitive::<Int64Type>().values());
    assert_eq!(ids.flat_map(|ids| ids.to_vec()).collect::<Vec<_>>(), [1, 2, 4, 5]);
    let rejected: Vec<_> = decoded.iter().flat_map(|it| &it.rejected).collect();
    assert_eq!((rejected.len(), rejected[0].1.class), (1, "type"));
}

#[tokio::test]
async fn parquet_conforms_and_a_text_file_among_them_blocks_no_other() {
    let folder = tempdir().unwrap();
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..300));
    let batch = RecordBatch::try_from_iter([("n", numbers)]).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    write(folder.path(), "a.parquet", writer.into_inner().unwrap());
    let mut config = config(folder.path());
    config.decoding = serde_json::from_str(r#"{"format": "parquet", "keep": ["offset"]}"#).unwrap();
    let summary = check(|| Box::new(open(&config))).await.unwrap();
    assert_eq!((summary.splits, summary.records), (1, 300));

    write(folder.path(), "b.parquet", "no parquet");
    let mut harness = Harness::new(config).await;
    harness.drain(Duration::from_millis(10)).await;
    let rows: usize = harness.slices.iter().map(|slice| slice.records.num_rows()).sum();
    assert_eq!(rows, 300);
    harness.unreadable("b.parquet").await;
}

/// Numbers from 0 on, written as Parquet, and as Avro.
fn numbers(count: i64) -> [(&'static str, Vec<u8>); 2] {
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..count));
    let batch = RecordBatch::try_from_iter([("n", numbers)]).unwrap();
    let mut parquet = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    parquet.write(&batch).unwrap();
    let mut avro = AvroWriter::new(Vec::new(), batch.schema().as_ref().clone()).unwrap();
    avro.write(&batch).unwrap();
    avro.finish().unwrap();
    [("parquet", parquet.into_inner().unwrap()), ("avro", avro.into_inner())]
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_a_dead_letter_and_takes_no_other_with_it() {
    for (format, content) in numbers(300) {
        let folder = tempdir().unwrap();
        write(folder.path(), "a", &content);
        write(folder.path(), "b", &content);
        let mut config = config(folder.path());
        let text = format!(
            r#"{{"format": "{format}", "schema": {{"n": "tinyint"}}, "keep": ["offset"]}}"#
        );
        config.decoding = serde_json::from_str(&text).unwrap();
        assert_eq!(check(|| Box::new(open(&config))).await.unwrap().records, 600, "{format}");
        let mut harness = Harness::new(config).await;
        for (decoded, slice) in harness.decode_all().await.iter().zip(&harness.slices) {
            assert_eq!(decoded.columns.num_rows(), 128, "{format}");
            let offsets = decoded.columns["offset"].as_primitive::<UInt64Type>().values();
            assert!(offsets.iter().copied().eq(0..128));
            assert_eq!(decoded.rejected.len(), 172);
            let (row, reason) = &decoded.rejected[0];
            assert_eq!((*row, reason.class), (128, "type"), "{reason:?}");
            // Its letter tells its number in the file.
            let positions = slice.records.column(slice.position.unwrap());
            assert_eq!(positions.as_primitive::<UInt64Type>().value(128), 128);
        }
        assert_eq!(harness.source.observe().unwrap().observe()["unreadable"], json!({}));
    }
}

#[tokio::test]
async fn a_file_whose_columns_do_not_fit_blocks_no_other() {
    let [(_, content), _] = numbers(10);
    let folder = tempdir().unwrap();
    write(folder.path(), "a", &content);
    let other: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    let other = RecordBatch::try_from_iter([("m", other)]).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), other.schema(), None).unwrap();
    writer.write(&other).unwrap();
    write(folder.path(), "other", writer.into_inner().unwrap());
    let mut config = config(folder.path());
    config.decoding =
        serde_json::from_str(r#"{"format": "parquet", "schema": {"n": "int"}}"#).unwrap();
    let mut harness = Harness::new(config).await;
    let rows: usize = harness.decode_all().await.iter().map(|it| it.columns.num_rows()).sum();
    assert_eq!(rows, 10);
    harness.unreadable("other").await;
}

#[tokio::test]
async fn json_skips_blank_lines_and_conforms() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.json", "\n{\"n\": 1}\n\n{\"n\": 2}\n\n\n");
    write(folder.path(), "blank.json", "\n\n\n");
    let mut config = config(folder.path());
    let text = r#"{"format": "json", "schema": {"n": "bigint"}, "keep": ["offset"]}"#;
    config.decoding = serde_json::from_str(text).unwrap();
    let summary = check(|| Box::new(open(&config))).await.unwrap();
    assert_eq!((summary.splits, summary.records), (1, 2));
}

#[tokio::test]
async fn an_oversize_line_is_a_dead_letter_and_takes_no_other_with_it() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.txt", format!("first\n{}\nlast\n", "x".repeat(3 << 20)));
    let config = config(folder.path());
    assert_eq!(check(|| Box::new(open(&config))).await.unwrap().records, 3);
    let mut harness = Harness::new(config).await;
    let decoded = harness.decode_all().await;
    let text = decoded[0].columns["value"].as_string::<i32>();
    assert_eq!((text.len(), text.value(0), text.value(1)), (2, "first", "last"));
    let (row, reason) = &decoded[0].rejected[0];
    assert_eq!((*row, reason.class), (1, "oversize"));
    assert_eq!(harness.texts()[1], "x".repeat(4096), "what the dead letter keeps");
}

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
async fn a_replaced_file_is_new_and_a_restored_one_is_not() {
    let folder = tempdir().unwrap();
    let path = write(folder.path(), "a.txt", "old\n");
    let mut harness = Harness::new(config(folder.path())).await;
    assert_eq!(harness.texts_after(1).await, ["old"]);
    harness.commit().await;
    let resume = harness.resume();
    harness.source.close().await;

    // Restored from a backup: another inode, the same size and time.
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let copy = folder.path().join(".copy");
    fs::copy(&path, &copy).unwrap();
    fs::File::options().write(true).open(&copy).unwrap().set_modified(modified).unwrap();
    fs::rename(&copy, &path).unwrap();
    let mut harness = Harness::resumed(config(folder.path()), resume).await;
    write(folder.path(), "b.txt", "b\n");
    assert_eq!(harness.texts_after(1).await, ["b"]);

    // Another file under the same path, and one that was written anew in place.
    write(folder.path(), "a.txt", "new, and longer\n");
    assert_eq!(harness.texts_after(1).await, ["new, and longer"]);
    harness.commit().await;
    fs::write(&path, "anew, in place, and longer still\n").unwrap();
    assert_eq!(harness.texts_after(1).await, ["anew, in place, and longer still"]);
}

#[tokio::test]
async fn what_is_appended_after_the_end_is_reported_and_not_read() {
    let folder = tempdir().unwrap();
    let path = write(folder.path(), "a.txt", "one\n");
    let mut harness = Harness::new(config(folder.path())).await;
    assert_eq!(harness.texts_after(1).await, ["one"]);
    harness.commit().await;
    append(&path, b"two\n");
    harness.observed("grown", 1).await;
    write(folder.path(), "b.txt", "b\n");
    assert_eq!(harness.texts_after(1).await, ["b"]);
}

#[tokio::test]
async fn a_file_that_grows_while_it_is_read_is_read_on() {
    let folder = tempdir().unwrap();
    let path = write(folder.path(), "a.txt", lines(4));
    let mut harness = Harness::new(config(folder.path())).await;
    harness.read(2).await;
    append(&path, b"later\n");
    let texts = harness.texts_after(5).await;
    assert_eq!(texts, ["line 0", "line 1", "line 2", "line 3", "later"]);
}

#[tokio::test]
async fn a_file_that_vanishes_is_no_split_any_more_and_a_replay_of_it_is_lost() {
    let folder = tempdir().unwrap();
    let first = write(folder.path(), "a.txt", lines(4));
    let second = write(folder.path(), "b.txt", lines(4));
    let mut harness = Harness::new(config(folder.path())).await;
    assert_eq!(harness.splits().await.len(), 2);
    harness.only("a.txt", 2).await;
    let ranges: Vec<_> = harness.slices.iter().map(|slice| slice.range.clone()).collect();
    fs::remove_file(&first).unwrap();
    fs::remove_file(&second).unwrap();
    harness.observed("cut", 1).await;
    harness.observed("pending", 1).await;
    let left = harness.splits().await;
    assert_eq!(left.len(), 1, "the one of which nothing was read is gone");
    assert_eq!((left[0].phase, left[0].backlog), (SplitPhase::Ended, Some(0)));
    harness.commit().await;
    assert_eq!(harness.splits().await, [], "what was read of the other is committed");

    let mut after = open(&config(folder.path()));
    after.connect(&Resume::default()).await.unwrap();
    let lost = after.replay(&ranges).await.unwrap_err();
    assert!(matches!(lost, SourceError::Lost(_)), "{lost}");
}

#[tokio::test]
async fn a_file_is_left_alone_until_it_is_quiet() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.txt");
    fs::write(&path, "not yet complete").unwrap();
    let mut config = config(folder.path());
    config.settle = TimeSpan::from_secs(3600);
    let mut harness = Harness::new(config.clone()).await;
    assert_eq!(harness.splits().await, []);
    harness.observed("unsettled", 1).await;
    set_age(&path, 3601);
    assert_eq!(harness.texts_after(1).await, ["not yet complete"]);
}

#[tokio::test]
async fn files_come_in_the_order_asked_for_and_no_more_than_that_at_once() {
    let folder = tempdir().unwrap();
    for (age, name) in [(30, "c"), (20, "a"), (10, "b")] {
        set_age(&write(folder.path(), name, format!("{name}\n{name}\n")), age);
    }
    for (order, expected) in [(Order::Oldest, "ccaabb"), (Order::Newest, "bbaacc")] {
        let mut config = config(folder.path());
        config.order = order;
        config.max_files_per_batch = 1;
        let mut harness = Harness::new(config).await;
        let phases: Vec<_> = harness.splits().await.iter().map(|status| status.phase).collect();
        assert_eq!(phases, [SplitPhase::Ended, SplitPhase::Waiting, SplitPhase::Waiting]);
        assert_eq!(harness.texts_after(6).await.concat(), expected);
    }
}

#[tokio::test]
async fn a_batch_takes_no_more_bytes_than_asked_for() {
    let folder = tempdir().unwrap();
    for name in ["a", "b", "c"] {
        write(folder.path(), name, "12345\n12345\n");
    }
    let mut config = config(folder.path());
    config.max_bytes_per_batch = Some(ByteSize(12));
    let mut harness = Harness::new(config).await;
    harness.read(1000).await;
    assert_eq!(harness.texts().len(), 2);
}

#[tokio::test]
async fn files_that_are_too_old_are_left_alone_and_in_the_end_forgotten() {
    let folder = tempdir().unwrap();
    let path = write(folder.path(), "a.txt", "a\n");
    let mut config = config(folder.path());
    config.max_file_age = Some(TimeSpan::from_secs(3600));
    for (age, forgotten) in [(3700, 0), (7300, 1)] {
        set_age(&path, age);
        let mut unlimited = Harness::new(common::config(folder.path())).await;
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
async fn finished_files_are_deleted_or_moved_after_the_commit() {
    for after in [After::Delete, After::Move] {
        let (folder, target) = (tempdir().unwrap(), tempdir().unwrap());
        fs::create_dir(folder.path().join("day")).unwrap();
        let path = write(&folder.path().join("day"), "a.txt", "a\n");
        let mut config = config(folder.path());
        config.recursive = true;
        config.after = after;
        config.move_to = (after == After::Move).then(|| target.path().to_owned());
        assert_eq!(Files::claims(&config), [Claim::Path(folder.path().to_owned())]);
        let mut harness = Harness::new(config).await;
        harness.texts_after(1).await;
        assert!(path.exists(), "not before the commit");
        let split = harness.slices[0].range.split.clone();
        harness.commit().await;
        assert!(!path.exists());
        assert_eq!(target.path().join("day/a.txt").exists(), after == After::Move);
        assert_eq!(harness.source.forget().await, [split], "it need not be remembered");
        assert!(harness.source.forget().await.is_empty(), "and is named once");
    }
}

#[tokio::test]
async fn finished_files_that_an_earlier_run_left_are_deleted_at_the_start() {
    let folder = tempdir().unwrap();
    let path = write(folder.path(), "a.txt", "a\n");
    let grown = write(folder.path(), "b.txt", "b\n");
    let config = FilesConfig { after: After::Delete, ..config(folder.path()) };
    let mut harness = Harness::new(common::config(folder.path())).await;
    harness.texts_after(2).await;
    harness.commit().await;
    fs::OpenOptions::new().append(true).open(&grown).unwrap().write_all(b"more\n").unwrap();
    let mut harness = Harness::resumed(config, harness.resume()).await;
    assert!(!path.exists());
    assert!(grown.exists(), "its rest was never read");
    assert_eq!(harness.source.forget().await.len(), 1);
    assert_eq!(harness.splits().await, []);
}

#[tokio::test]
async fn a_damaged_file_is_reported_and_blocks_no_other() {
    let folder = tempdir().unwrap();
    let whole = gzip(&lines(20_000));
    let cut = whole.len() - 20;
    let path = write(folder.path(), "a.gz", &whole[..cut]);
    write(folder.path(), "b.txt", "b\n");
    let mut harness = Harness::new(config(folder.path())).await;
    harness.texts_until("b").await;
    harness.drain(Duration::from_millis(10)).await;
    harness.unreadable("a.gz").await;
    // It is tried again, and goes on where it stood.
    append(&path, &whole[cut..]);
    harness.texts_until("line 19999").await;
    let texts = harness.texts();
    assert_eq!(texts.iter().filter(|text| text.starts_with("line")).count(), 20_000);
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// However the reads are cut: the same lines, at positions that a replay finds again.
    #[test]
    fn any_grants_yield_the_lines_and_replay_the_same(
        lines in prop::collection::vec("[a-z]{0,30}", 1..40),
        steps in prop::collection::vec((1_u64..10, 1_u64..120), 1..60),
        end in prop::sample::select(vec!["\n", "\r\n"]),
        compressed: bool,
        closed: bool,
    ) {
        let mut text = lines.join(end);
        if closed {
            text.push_str(end);
        }
        prop_assume!(!text.is_empty());
        let expected: Vec<String> = text.lines().map(str::to_owned).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempdir().unwrap();
            match compressed {
                true => write(folder.path(), "a.gz", gzip(&text)),
                false => write(folder.path(), "a", &text),
            };
            let mut harness = Harness::new(config(folder.path())).await;
            for (records, bytes) in steps {
                harness.read_limited(records, bytes).await;
            }
            harness.drain(Duration::ZERO).await;
            assert_eq!(harness.texts(), expected);
            let ranges: Vec<_> = harness.slices.iter().map(|slice| slice.range.clone()).collect();
            let mut again = open(&config(folder.path()));
            again.connect(&Resume::default()).await.unwrap();
            let replayed = again.replay(&ranges).await.unwrap();
            for (slice, first) in replayed.iter().zip(&harness.slices) {
                assert_eq!((&slice.records, &slice.range), (&first.records, &first.range));
            }
            again.close().await;
            harness.source.close().await;
        });
    }
}

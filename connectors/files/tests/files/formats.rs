//! What is in a file, sound and damaged.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Int64Type, UInt64Type};
use arrow_avro::writer::AvroWriter;
use forebay_core::Source;
use forebay_core::testing::source::check;
use forebay_files_source::FilesConfig;
use parquet::arrow::ArrowWriter;
use serde_json::json;
use tempfile::tempdir;

use crate::content::{append, gzip, lines};
use crate::harness::{Harness, config, open, write};

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

//! Published files are read by the readers that others use.

use std::fs;
use std::io::Read;

use serde_json::json;

use crate::pipeline::{commit_all, numbers, started, visible};

/// Writes three batches, publishes them, and returns the bytes of the one file.
async fn published(more: serde_json::Value, ending: &str) -> Vec<u8> {
    let root = tempfile::tempdir().unwrap();
    let mut sink = started(root.path(), more, "a", None).await;
    for id in 0..3u8 {
        let first = i64::from(id) * 1000;
        sink.write(&numbers(u64::from(id) + 1, first..first + 1000)).await.unwrap();
    }
    commit_all(&mut sink).await;
    let paths = visible(root.path());
    assert_eq!(paths.len(), 1);
    assert!(paths[0].to_str().unwrap().ends_with(ending), "{}", paths[0].display());
    fs::read(&paths[0]).unwrap()
}

#[tokio::test]
async fn gzip_has_a_whole_stream() {
    let bytes = published(json!({"compression": "gzip"}), ".jsonl.gz").await;
    let mut text = String::new();
    flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
    assert_eq!(text.lines().count(), 3000);
    assert_eq!(text.lines().last(), Some(r#"{"id":2999,"group":"g2"}"#));
}

#[tokio::test]
async fn csv_has_one_header() {
    let text = String::from_utf8(published(json!({"format": "csv"}), ".csv").await).unwrap();
    assert_eq!(text.lines().count(), 3001);
    assert_eq!(text.lines().next(), Some("id,group"));
}

#[tokio::test]
async fn text_has_the_named_column() {
    let more = json!({"format": "text", "text_column": "group"});
    let text = String::from_utf8(published(more, ".txt").await).unwrap();
    assert_eq!(text.lines().take(3).collect::<Vec<_>>(), ["g0", "g1", "g2"]);
}

#[tokio::test]
async fn parquet_has_a_footer() {
    let bytes = published(json!({"format": "parquet", "compression": "zstd"}), ".parquet").await;
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("x");
    fs::write(&path, bytes).unwrap();
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(
        fs::File::open(path).unwrap(),
    )
    .unwrap();
    assert_eq!(reader.metadata().file_metadata().num_rows(), 3000);
    let rows: usize = reader.build().unwrap().map(|batch| batch.unwrap().num_rows()).sum();
    assert_eq!(rows, 3000);
}

#[tokio::test]
async fn avro_has_its_mark() {
    let bytes = published(json!({"format": "avro"}), ".avro").await;
    assert_eq!(&bytes[..4], b"Obj\x01");
}

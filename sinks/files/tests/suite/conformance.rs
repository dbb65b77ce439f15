//! The sink keeps the contract of all sinks, in every format.

use std::fs;
use std::path::Path;

use arrow::array::{AsArray, RecordBatch};
use forebay_core::testing::sink::{Promise, check};
use serde_json::{Value, json};

use crate::pipeline::{build, options, visible};

/// The column `text` of all visible files.
fn texts(root: &Path) -> Vec<String> {
    visible(root).iter().flat_map(|path| texts_of(path)).collect()
}

fn texts_of(path: &Path) -> Vec<String> {
    let column = |rows: RecordBatch| -> Vec<String> {
        let texts = rows.column_by_name("text").unwrap().as_string::<i32>().clone();
        texts.iter().flatten().map(str::to_owned).collect()
    };
    match path.extension().unwrap().to_str().unwrap() {
        "parquet" => {
            let file = fs::File::open(path).unwrap();
            let reader =
                parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file);
            reader.unwrap().build().unwrap().flat_map(|rows| column(rows.unwrap())).collect()
        }
        "avro" => {
            // Without compression its texts stand there as they are.
            let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
            text.match_indices("row-").map(|(at, _)| text[at..at + 10].to_owned()).collect()
        }
        "csv" => fs::read_to_string(path).unwrap().lines().skip(1).map(str::to_owned).collect(),
        _ => fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect(),
    }
}

async fn conforms(more: Value) {
    let root = tempfile::tempdir().unwrap();
    let sink = || build(options(root.path(), more.clone()), "a");
    let visible = || texts(root.path());
    let summary = check(Promise::ExactlyOnce, sink, visible).await.unwrap();
    assert!(summary.rows > 1_000, "{more}: {summary:?}");
}

#[tokio::test]
async fn json_conforms() {
    conforms(json!({"format": "json"})).await;
}

#[tokio::test]
async fn csv_conforms() {
    conforms(json!({"format": "csv"})).await;
}

#[tokio::test]
async fn parquet_conforms() {
    conforms(json!({"format": "parquet"})).await;
}

#[tokio::test]
async fn avro_conforms() {
    conforms(json!({"format": "avro", "compression": "none"})).await;
}

#[tokio::test]
async fn text_conforms() {
    conforms(json!({"format": "text", "text_column": "text"})).await;
}

#[tokio::test]
async fn files_that_are_published_after_each_batch_conform() {
    conforms(json!({"format": "json", "roll_interval": "0s"})).await;
}

//! A pipeline in miniature around the sink.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use forebay_core::component::{BuildContext, SinkComponent};
use forebay_core::{Batch, BatchId, Rows, Sink};
use forebay_files_sink::{Files, FilesOptions};
use serde_json::Value;

pub(crate) fn options(root: &Path, more: Value) -> FilesOptions {
    let mut options = serde_json::json!({"path": root, "name": "t"});
    let table = options.as_object_mut().unwrap();
    table.extend(more.as_object().unwrap().clone());
    serde_json::from_value(options).unwrap()
}

pub(crate) fn build(options: FilesOptions, instance: &str) -> Box<dyn Sink> {
    let context = BuildContext {
        name: "out".into(),
        pipeline: "p".into(),
        base: std::env::temp_dir(),
        instance: instance.into(),
    };
    Files::build(options, &context).unwrap()
}

/// A sink after its first connect and recovery.
pub(crate) async fn started(
    root: &Path,
    more: Value,
    instance: &str,
    receipt: Option<&Value>,
) -> Box<dyn Sink> {
    let mut sink = build(options(root, more), instance);
    sink.connect().await.unwrap();
    sink.recover(receipt).await.unwrap();
    sink
}

pub(crate) fn table(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, c)| (n, c, true)))
        .unwrap()
}

pub(crate) fn batch(id: BatchId, tables: Vec<RecordBatch>) -> Batch {
    let chunks = tables.into_iter().map(|columns| Rows { columns, origin: None }).collect();
    Batch::new(id, chunks)
}

/// Rows with the numbers of a range, and a text by which they can be parted.
pub(crate) fn numbers(id: BatchId, range: std::ops::Range<i64>) -> Batch {
    let groups: Vec<_> = range.clone().map(|number| format!("g{}", number % 3)).collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from_iter_values(range))),
        ("group", Arc::new(StringArray::from(groups))),
    ];
    batch(id, vec![table(columns)])
}

/// All files that readers see: nothing whose name, or the name of a folder above, is hidden.
pub(crate) fn visible(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(root) else { return found };
    for entry in entries {
        let entry = entry.unwrap();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            found.extend(visible(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

/// All files of a folder, hidden or not.
pub(crate) fn staged(root: &Path, instance: &str) -> Vec<PathBuf> {
    let folder = root.join(".forebay").join(instance);
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// The numbers in all visible files of JSON lines, sorted; fails on a torn file.
pub(crate) fn ids(root: &Path) -> Vec<i64> {
    let mut ids = Vec::new();
    for path in visible(root) {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.ends_with('\n'), "{} is torn", path.display());
        ids.extend(text.lines().map(|line| {
            let row: Value = serde_json::from_str(line).unwrap();
            row["id"].as_i64().unwrap()
        }));
    }
    ids.sort_unstable();
    ids
}

/// Makes all that was written visible, as the engine does.
pub(crate) async fn commit_all(sink: &mut Box<dyn Sink>) -> Option<Value> {
    let receipt = sink.settle(true).await.unwrap();
    if let Some(receipt) = &receipt {
        sink.publish(receipt).await.unwrap();
    }
    receipt
}

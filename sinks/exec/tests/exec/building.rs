//! Sinks and batches.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use forebay_core::component::{BuildContext, Component, SinkComponent};
use forebay_core::{Batch, Rows, Sink};
use forebay_exec_sink::{Exec, ExecConfig};

/// A sink of what a shell reads.
pub(crate) fn shell(folder: &Path, script: &str, options: &str) -> Box<dyn Sink> {
    let command = toml::Value::from(vec!["sh", "-c", script]);
    let config: ExecConfig = toml::from_str(&format!("command = {command}\n{options}")).unwrap();
    assert_eq!(Exec::check(&config), []);
    let context = BuildContext {
        name: Arc::from("out"),
        pipeline: Arc::from("p"),
        base: folder.to_owned(),
        instance: Arc::from("i"),
    };
    match Exec::build(config, &context) {
        Ok(sink) => sink,
        Err(problem) => unreachable!("{problem:?}"),
    }
}

/// Chunks with these numbers.
pub(crate) fn batch(chunks: &[Range<i64>]) -> Batch {
    let chunk = |numbers: &Range<i64>| {
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(numbers.clone()));
        Rows { columns: RecordBatch::try_from_iter([("id", numbers)]).unwrap(), origin: None }
    };
    Batch::new(1, chunks.iter().map(chunk).collect())
}

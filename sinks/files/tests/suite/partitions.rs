//! Which folder a row goes to, and that none leaves the sink's folder.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray, TimestampMillisecondArray};
use forebay_core::sink::{SinkError, Verdict};
use serde_json::{Value, json};

use crate::pipeline::{batch, commit_all, ids, started, table, visible};

/// The folders of all visible files, relative to the root, in order.
fn folders(root: &Path) -> Vec<String> {
    let paths = visible(root);
    let folder = |path: &std::path::PathBuf| {
        let relative = path.parent().unwrap().strip_prefix(root).unwrap();
        relative.to_str().unwrap().to_owned()
    };
    paths.iter().map(folder).collect()
}

fn by_text(texts: &[Option<&str>]) -> arrow::array::RecordBatch {
    let ids = Int64Array::from_iter_values(0..i64::try_from(texts.len()).unwrap());
    table(vec![
        ("id", Arc::new(ids) as ArrayRef),
        ("c", Arc::new(StringArray::from(texts.to_vec()))),
    ])
}

#[tokio::test]
async fn hostile_values_stay_inside() {
    let parent = tempfile::tempdir().unwrap();
    let root = parent.path().join("out");
    let mut sink = started(&root, json!({"partition_by": ["c"]}), "a", None).await;
    let texts = ["../../etc", "/", "a\0b", "", ".", "..", ".forebay", "__HIVE_DEFAULT_PARTITION__"];
    let mut values: Vec<_> = texts.into_iter().map(Some).collect();
    values.push(None);
    let written = sink.write(&batch(1, vec![by_text(&values)])).await.unwrap();
    assert_eq!(written.rejected, []);
    commit_all(&mut sink).await;
    let expected = [
        "c=",
        "c=%2F",
        "c=%5F_HIVE_DEFAULT_PARTITION__",
        "c=.",
        "c=..",
        "c=..%2F..%2Fetc",
        "c=.forebay",
        "c=__HIVE_DEFAULT_PARTITION__",
        "c=a%00b",
    ];
    let mut found = folders(&root);
    found.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 1, "nothing beside the root");
    for path in visible(&root) {
        let text = std::fs::read_to_string(path).unwrap();
        let row: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(row.as_object().unwrap().keys().collect::<Vec<_>>(), ["id"], "c is in the path");
    }
}

#[tokio::test]
async fn rows_without_a_possible_folder_or_text_are_rejected_alone() {
    let root = tempfile::tempdir().unwrap();
    let more = json!({"partition_by": ["c"], "partition_time": "%Y", "time_column": "ts"});
    let mut sink = started(root.path(), more, "a", None).await;
    let long = "x".repeat(254);
    let rows = by_text(&[Some("a"), Some(&long), Some("a"), Some("a"), Some("b")]);
    let times = [Some(0), Some(0), Some(i64::MAX), None, Some(86_400_000 * 366)];
    let rows = table(vec![
        ("id", Arc::clone(rows.column(0))),
        ("c", Arc::clone(rows.column(1))),
        ("ts", Arc::new(TimestampMillisecondArray::from(times.to_vec()))),
    ]);
    let written = sink.write(&batch(1, vec![rows.slice(0, 0), rows])).await.unwrap();
    let rejected: Vec<_> =
        written.rejected.iter().map(|it| (it.chunk, it.row, it.verdict, it.reason.class)).collect();
    assert_eq!(
        rejected,
        [(1, 1, Verdict::DeadLetter, "partition"), (1, 2, Verdict::DeadLetter, "range")]
    );
    commit_all(&mut sink).await;
    assert_eq!(ids(root.path()), [0, 3, 4]);
    assert_eq!(folders(root.path()), ["1970/c=a", "1971/c=b", "__HIVE_DEFAULT_PARTITION__/c=a"]);
}

#[tokio::test]
async fn folders_by_the_time_of_writing() {
    let root = tempfile::tempdir().unwrap();
    let more = json!({"partition_time": "date=%Y-%m-%d/hour=%H"});
    let mut sink = started(root.path(), more, "a", None).await;
    sink.write(&batch(1, vec![by_text(&[Some("a")])])).await.unwrap();
    commit_all(&mut sink).await;
    let found = folders(root.path());
    assert_eq!(found.len(), 1);
    let (date, hour) = found[0].split_once('/').unwrap();
    assert!(date.starts_with("date=20") && date.len() == "date=2026-01-31".len(), "{date}");
    assert!(hour.starts_with("hour=") && hour.len() == "hour=00".len(), "{hour}");
}

#[tokio::test]
async fn columns_that_are_not_there_or_unfit_stop_the_pipeline() {
    for (more, word) in [
        (json!({"partition_by": ["x"]}), "`x`"),
        (json!({"partition_time": "%Y", "time_column": "c"}), "`c` is Utf8"),
        (json!({"partition_by": ["id", "c"]}), "all columns"),
        (json!({"format": "text"}), "`value`"),
    ] {
        let root = tempfile::tempdir().unwrap();
        let mut sink = started(root.path(), more, "a", None).await;
        match sink.write(&batch(1, vec![by_text(&[Some("a")])])).await {
            Err(SinkError::Fatal(text)) => assert!(text.contains(word), "{text}"),
            other => panic!("{other:?}"),
        }
    }
}

//! When files are published.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Int32Array, Int64Array, StringArray};
use serde_json::json;

use crate::pipeline::{batch, commit_all, ids, numbers, started, table, visible};

#[tokio::test(start_paused = true)]
async fn by_age_of_the_first_row() {
    let root = tempfile::tempdir().unwrap();
    let mut sink = started(root.path(), json!({"roll_interval": "10s"}), "a", None).await;
    sink.write(&numbers(1, 0..10)).await.unwrap();
    tokio::time::advance(Duration::from_secs(6)).await;
    sink.write(&numbers(2, 10..20)).await.unwrap();
    assert_eq!(sink.settle(false).await.unwrap(), None);
    tokio::time::advance(Duration::from_secs(4)).await;
    let receipt = sink.settle(false).await.unwrap().unwrap();
    assert_eq!(receipt["files"].as_array().unwrap().len(), 1);
    // The next age counts from the next first row.
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(sink.settle(false).await.unwrap(), None, "nothing was written");
    sink.write(&numbers(3, 20..30)).await.unwrap();
    assert_eq!(sink.settle(false).await.unwrap(), None);
}

#[tokio::test]
async fn by_rows_bytes_or_at_once() {
    for more in [json!({"roll_rows": 20}), json!({"roll_bytes": "512"})] {
        let root = tempfile::tempdir().unwrap();
        let mut sink = started(root.path(), more, "a", None).await;
        sink.write(&numbers(1, 0..10)).await.unwrap();
        assert_eq!(sink.settle(false).await.unwrap(), None);
        sink.write(&numbers(2, 10..30)).await.unwrap();
        assert!(sink.settle(false).await.unwrap().is_some());
    }
    let root = tempfile::tempdir().unwrap();
    let mut sink = started(root.path(), json!({"roll_interval": "0s"}), "a", None).await;
    sink.write(&numbers(1, 0..1)).await.unwrap();
    assert!(sink.settle(false).await.unwrap().is_some());
}

#[tokio::test]
async fn a_batch_that_leaves_nothing_in_a_file_is_safe_at_once() {
    let root = tempfile::tempdir().unwrap();
    let mut sink = started(root.path(), json!({}), "a", None).await;
    sink.write(&numbers(1, 0..0)).await.unwrap();
    let receipt = sink.settle(false).await.unwrap().unwrap();
    assert_eq!(receipt["files"], json!([]));
    sink.publish(&receipt).await.unwrap();
    assert_eq!(visible(root.path()).len(), 0);
}

#[tokio::test]
async fn names_tell_the_batches() {
    let root = tempfile::tempdir().unwrap();
    let mut sink = started(root.path(), json!({}), "a", None).await;
    sink.write(&numbers(7, 0..10)).await.unwrap();
    sink.write(&numbers(8, 10..20)).await.unwrap();
    commit_all(&mut sink).await;
    let paths = visible(root.path());
    let name = paths[0].file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("t-000000000007-000000000008-"), "{name}");
    assert!(name.ends_with("-0001.jsonl"), "{name}");
}

#[tokio::test]
async fn rows_of_other_columns_go_to_a_file_of_their_own() {
    let root = tempfile::tempdir().unwrap();
    let mut sink = started(root.path(), json!({"format": "csv"}), "a", None).await;
    let wide = table(vec![("id", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]);
    let narrow = table(vec![("id", Arc::new(Int32Array::from(vec![2])) as ArrayRef)]);
    let named = table(vec![("name", Arc::new(StringArray::from(vec!["n"])) as ArrayRef)]);
    sink.write(&batch(1, vec![wide.clone(), narrow, named, wide])).await.unwrap();
    commit_all(&mut sink).await;
    let texts: Vec<_> =
        visible(root.path()).iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    assert_eq!(texts, ["id\n1\n1\n", "id\n2\n", "name\nn\n"]);
}

#[tokio::test]
async fn open_files_are_bounded() {
    let root = tempfile::tempdir().unwrap();
    let more = json!({"partition_by": ["group"], "max_open_files": 2});
    let mut sink = started(root.path(), more, "a", None).await;
    for id in 0..4 {
        sink.write(&numbers(id + 1, id as i64 * 10..id as i64 * 10 + 10)).await.unwrap();
        let seen = sink.observe().unwrap().observe();
        assert_eq!(seen["open_files"], 2);
        assert_eq!(seen["staged_rows"], (id + 1) * 10);
    }
    commit_all(&mut sink).await;
    let mut found = Vec::new();
    for group in ["g0", "g1", "g2"] {
        found.extend(ids(&root.path().join(format!("group={group}"))));
    }
    found.sort_unstable();
    assert_eq!(found, (0..40).collect::<Vec<_>>());
    let seen = sink.observe().unwrap().observe();
    assert_eq!(seen["staged_rows"], 0);
    assert_eq!(seen["published_files"], visible(root.path()).len());
    assert!(seen["last_published"].as_str().unwrap().starts_with("group=g"));
}

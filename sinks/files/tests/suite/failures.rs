//! What the sink says when the folder fails it, and that no row is lost or doubled by that.

use std::fs;

use forebay_core::sink::SinkError;
use serde_json::json;

use crate::pipeline::{build, commit_all, ids, numbers, options, started, visible};

#[tokio::test]
async fn a_file_in_the_way_can_be_moved_while_the_sink_waits() {
    let parent = tempfile::tempdir().unwrap();
    let root = parent.path().join("out");
    fs::write(&root, "in the way").unwrap();
    let mut sink = build(options(&root, json!({})), "a");
    match sink.connect().await {
        Err(SinkError::Transient(text)) => {
            assert!(text.contains("out") && text.contains("is a file, not a folder"), "{text}");
        }
        other => panic!("{other:?}"),
    }
    fs::remove_file(&root).unwrap();
    sink.connect().await.unwrap();
    sink.connect().await.unwrap();
    assert_eq!(visible(&root), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn a_staging_folder_that_vanishes_resets_the_pipeline() {
    let root = tempfile::tempdir().unwrap();
    let mut sink = started(root.path(), json!({}), "a", None).await;
    sink.write(&numbers(1, 0..10)).await.unwrap();
    let receipt = commit_all(&mut sink).await;
    sink.write(&numbers(2, 10..20)).await.unwrap();
    fs::remove_dir_all(root.path().join(".forebay")).unwrap();
    match sink.settle(true).await {
        Err(SinkError::Reset(text)) => assert!(text.contains(".forebay"), "{text}"),
        other => panic!("{other:?}"),
    }
    assert!(
        matches!(sink.write(&numbers(3, 20..30)).await, Err(SinkError::Reset(_))),
        "nothing is taken until recovery"
    );
    assert!(matches!(sink.settle(true).await, Err(SinkError::Reset(_))));

    sink.connect().await.unwrap();
    sink.recover(receipt.as_ref()).await.unwrap();
    sink.write(&numbers(2, 10..20)).await.unwrap();
    commit_all(&mut sink).await;
    assert_eq!(ids(root.path()), (0..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_folder_that_vanishes_is_waited_for() {
    let parent = tempfile::tempdir().unwrap();
    let (root, aside) = (parent.path().join("out"), parent.path().join("aside"));
    let mut sink = started(&root, json!({}), "a", None).await;
    sink.write(&numbers(1, 0..10)).await.unwrap();
    let receipt = sink.settle(true).await.unwrap().unwrap();
    fs::rename(&root, &aside).unwrap();
    for result in [sink.publish(&receipt).await, sink.connect().await] {
        match result {
            Err(SinkError::Transient(text)) => {
                assert!(text.contains(&format!("`{}` was there and is gone", root.display())));
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(!root.exists());
    fs::rename(&aside, &root).unwrap();
    sink.connect().await.unwrap();
    sink.publish(&receipt).await.unwrap();
    assert_eq!(ids(&root), (0..10).collect::<Vec<_>>());
}

#[tokio::test]
async fn publication_is_tried_again_when_something_was_in_the_way() {
    let root = tempfile::tempdir().unwrap();
    let mut sink = started(root.path(), json!({"partition_by": ["group"]}), "a", None).await;
    sink.write(&numbers(1, 0..10)).await.unwrap();
    let receipt = sink.settle(true).await.unwrap().unwrap();
    fs::write(root.path().join("group=g1"), "in the way").unwrap();
    for _ in 0..2 {
        match sink.publish(&receipt).await {
            Err(SinkError::Transient(text)) => assert!(text.contains("group=g1"), "{text}"),
            other => panic!("{other:?}"),
        }
    }
    fs::remove_file(root.path().join("group=g1")).unwrap();
    sink.publish(&receipt).await.unwrap();
    assert_eq!(ids(root.path()), (0..10).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_file_of_the_same_name_is_not_replaced() {
    let root = tempfile::tempdir().unwrap();
    let mut sink = started(root.path(), json!({}), "a", None).await;
    sink.write(&numbers(1, 0..10)).await.unwrap();
    let receipt = sink.settle(true).await.unwrap().unwrap();
    let taken = root.path().join(receipt["files"][0][1].as_str().unwrap());
    fs::write(&taken, "precious").unwrap();
    match sink.publish(&receipt).await {
        Err(SinkError::Transient(text)) => assert!(text.contains("another file"), "{text}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(fs::read_to_string(&taken).unwrap(), "precious");
}

#[tokio::test]
async fn a_receipt_of_something_else_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let mut sink = build(options(root.path(), json!({})), "a");
    sink.connect().await.unwrap();
    for receipt in [
        json!({"transaction": 7}),
        json!({"path": root.path(), "staging": "..", "files": []}),
        json!({"path": root.path(), "staging": "s", "files": [["x", "../../x"]]}),
    ] {
        assert!(
            matches!(sink.recover(Some(&receipt)).await, Err(SinkError::Fatal(_))),
            "{receipt}"
        );
    }
}

//! A crash between any two steps loses no row, doubles none, and shows no unfinished file.

use std::fs;
use std::path::Path;

use crate::pipeline::{commit_all, ids, numbers, staged, started, visible};
use forebay_core::Sink;
use proptest::prelude::*;
use serde_json::{Value, json};

#[tokio::test]
async fn nothing_is_visible_before_the_commit() {
    let root = tempfile::tempdir().unwrap();
    let mut sink = started(root.path(), json!({}), "a", None).await;
    sink.write(&numbers(1, 0..10)).await.unwrap();
    assert_eq!(sink.settle(false).await.unwrap(), None, "it is not time yet");
    let receipt = sink.settle(true).await.unwrap().unwrap();
    assert_eq!(visible(root.path()), [] as [&Path; 0]);
    sink.publish(&receipt).await.unwrap();
    assert_eq!(ids(root.path()), (0..10).collect::<Vec<_>>());
    sink.publish(&receipt).await.unwrap();
    assert_eq!(ids(root.path()), (0..10).collect::<Vec<_>>(), "a second time changes nothing");
    assert_eq!(sink.settle(true).await.unwrap(), None, "nothing was written since");
}

#[tokio::test]
async fn a_crash_before_the_commit_discards_what_was_staged() {
    let root = tempfile::tempdir().unwrap();
    let mut sink = started(root.path(), json!({}), "a", None).await;
    sink.write(&numbers(1, 0..10)).await.unwrap();
    let first = commit_all(&mut sink).await;
    sink.write(&numbers(2, 10..20)).await.unwrap();
    let lost = sink.settle(true).await.unwrap();
    assert!(lost.is_some());
    sink.write(&numbers(3, 20..30)).await.unwrap();
    drop(sink);

    let mut sink = started(root.path(), json!({}), "a", first.as_ref()).await;
    assert_eq!(staged(root.path(), "a"), [] as [&Path; 0]);
    sink.write(&numbers(2, 10..20)).await.unwrap();
    commit_all(&mut sink).await;
    assert_eq!(ids(root.path()), (0..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_crash_after_the_commit_publishes_at_the_next_start() {
    let root = tempfile::tempdir().unwrap();
    let more = json!({"partition_by": ["group"]});
    let mut sink = started(root.path(), more.clone(), "a", None).await;
    sink.write(&numbers(1, 0..10)).await.unwrap();
    let receipt = sink.settle(true).await.unwrap().unwrap();
    drop(sink);
    // Of the three files one was moved before the crash.
    let (from, to) = (receipt["files"][1][0].as_str().unwrap(), receipt["files"][1][1].as_str());
    let to = root.path().join(to.unwrap());
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::rename(root.path().join(".forebay/a").join(from), &to).unwrap();

    for _ in 0..3 {
        let sink = started(root.path(), more.clone(), "a", Some(&receipt)).await;
        assert_eq!(ids(root.path()), (0..10).collect::<Vec<_>>());
        assert_eq!(sink.observe().unwrap().observe()["missing_files"], 0);
    }
}

#[tokio::test]
async fn a_crash_between_link_and_unlink_is_mended() {
    let root = tempfile::tempdir().unwrap();
    let mut sink = started(root.path(), json!({}), "a", None).await;
    sink.write(&numbers(1, 0..10)).await.unwrap();
    let receipt = sink.settle(true).await.unwrap().unwrap();
    let file = &receipt["files"][0];
    let from = root.path().join(".forebay/a").join(file[0].as_str().unwrap());
    fs::hard_link(&from, root.path().join(file[1].as_str().unwrap())).unwrap();
    drop(sink);
    started(root.path(), json!({}), "a", Some(&receipt)).await;
    assert_eq!(ids(root.path()), (0..10).collect::<Vec<_>>());
    assert!(!from.exists());
}

#[tokio::test]
async fn a_receipt_names_what_earlier_ones_named_until_it_is_published() {
    let root = tempfile::tempdir().unwrap();
    let mut sink = started(root.path(), json!({}), "a", None).await;
    sink.write(&numbers(1, 0..10)).await.unwrap();
    sink.settle(true).await.unwrap().unwrap();
    sink.write(&numbers(2, 10..20)).await.unwrap();
    let second = sink.settle(true).await.unwrap().unwrap();
    drop(sink);
    // Both were committed, neither was published.
    started(root.path(), json!({}), "a", Some(&second)).await;
    assert_eq!(ids(root.path()), (0..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_new_checkpoint_on_an_old_folder_replaces_nothing() {
    let root = tempfile::tempdir().unwrap();
    for round in 0..3 {
        let mut sink = started(root.path(), json!({}), "a", None).await;
        sink.write(&numbers(1, round * 10..round * 10 + 10)).await.unwrap();
        commit_all(&mut sink).await;
        sink.close().await;
    }
    assert_eq!(ids(root.path()), (0..30).collect::<Vec<_>>());
    assert!(!root.path().join(".forebay").exists(), "a clean end leaves no trace");
}

#[tokio::test]
async fn two_instances_leave_one_another_alone() {
    let root = tempfile::tempdir().unwrap();
    let mut one = started(root.path(), json!({}), "one", None).await;
    one.write(&numbers(1, 0..10)).await.unwrap();
    let mut other = started(root.path(), json!({}), "../one", None).await;
    other.write(&numbers(1, 10..20)).await.unwrap();
    let receipt = one.settle(true).await.unwrap().unwrap();
    drop(other);
    let mut other = started(root.path(), json!({}), "../one", None).await;
    other.write(&numbers(1, 10..20)).await.unwrap();
    commit_all(&mut other).await;
    other.close().await;
    one.publish(&receipt).await.unwrap();
    assert_eq!(ids(root.path()), (0..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_changed_path_or_instance_still_publishes_what_was_committed() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut sink = started(old.path(), json!({}), "a", None).await;
    sink.write(&numbers(1, 0..10)).await.unwrap();
    let receipt = sink.settle(true).await.unwrap().unwrap();
    sink.write(&numbers(2, 10..20)).await.unwrap();
    drop(sink);
    started(new.path(), json!({}), "b", Some(&receipt)).await;
    assert_eq!(ids(old.path()), (0..10).collect::<Vec<_>>());
    assert!(!old.path().join(".forebay").exists());

    // The folder itself was moved elsewhere.
    let mut sink = started(new.path(), json!({}), "c", None).await;
    sink.write(&numbers(1, 0..10)).await.unwrap();
    let receipt = sink.settle(true).await.unwrap().unwrap();
    drop(sink);
    let moved = old.path().join("moved");
    fs::rename(new.path(), &moved).unwrap();
    started(&moved, json!({}), "c", Some(&receipt)).await;
    assert_eq!(ids(&moved), (0..10).collect::<Vec<_>>());
}

#[tokio::test]
async fn files_that_a_reader_took_away_are_not_missed() {
    let root = tempfile::tempdir().unwrap();
    let mut sink = started(root.path(), json!({}), "a", None).await;
    sink.write(&numbers(1, 0..10)).await.unwrap();
    let receipt = commit_all(&mut sink).await;
    for path in visible(root.path()) {
        fs::remove_file(path).unwrap();
    }
    let sink = started(root.path(), json!({}), "a", receipt.as_ref()).await;
    assert_eq!(sink.observe().unwrap().observe()["missing_files"], 1);
}

/// What the engine may do, and what may happen to it.
#[derive(Clone, Debug)]
enum Step {
    Write(i64),
    Settle(bool),
    Commit,
    Publish,
    /// The process ends after it moved so many files of the last committed receipt.
    Crash(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..6i64).prop_map(Step::Write),
        3 => any::<bool>().prop_map(Step::Settle),
        3 => Just(Step::Commit),
        2 => Just(Step::Publish),
        1 => (0..4usize).prop_map(Step::Crash),
    ]
}

/// A checkpoint and an engine, in miniature.
struct Model {
    sink: Box<dyn Sink>,
    /// Rows written, and the batch that comes next.
    written: i64,
    next_batch: u64,
    /// Receipts that wait for their commit, and the rows and batches that they stand for.
    settled: Vec<(Value, i64, u64)>,
    /// The checkpoint.
    committed: (Option<Value>, i64, u64),
    /// Receipts that were committed in this run and not published.
    unpublished: Vec<Value>,
}

async fn walk(root: &Path, more: &Value, steps: Vec<Step>) {
    let sink = started(root, more.clone(), "a", None).await;
    let mut model = Model {
        sink,
        written: 0,
        next_batch: 1,
        settled: vec![],
        committed: (None, 0, 1),
        unpublished: vec![],
    };
    let end = [Step::Crash(1), Step::Write(1), Step::Settle(true), Step::Commit, Step::Publish];
    for step in steps.into_iter().chain(end) {
        model.take(root, more, step).await;
        let visible = ids(root);
        assert!(visible.windows(2).all(|pair| pair[0] < pair[1]), "doubled: {visible:?}");
        let committed = model.committed.1;
        assert!(visible.iter().all(|id| *id < committed), "{visible:?} past {committed}");
        if model.unpublished.is_empty() {
            assert_eq!(visible, (0..committed).collect::<Vec<_>>(), "lost");
        }
    }
    assert_eq!(ids(root), (0..model.written).collect::<Vec<_>>());
    assert_eq!(staged(root, "a"), [] as [&Path; 0]);
}

impl Model {
    async fn take(&mut self, root: &Path, more: &Value, step: Step) {
        match step {
            Step::Write(rows) => {
                let batch = numbers(self.next_batch, self.written..self.written + rows);
                self.sink.write(&batch).await.unwrap();
                self.written += rows;
                self.next_batch += 1;
            }
            Step::Settle(now) => {
                if let Some(receipt) = self.sink.settle(now).await.unwrap() {
                    self.settled.push((receipt, self.written, self.next_batch));
                }
            }
            Step::Commit if !self.settled.is_empty() => {
                let (receipt, rows, batches) = self.settled.remove(0);
                self.unpublished.push(receipt.clone());
                self.committed = (Some(receipt), rows, batches);
            }
            Step::Publish => {
                for receipt in self.unpublished.drain(..) {
                    self.sink.publish(&receipt).await.unwrap();
                }
            }
            Step::Crash(moved) => {
                self.unpublished.clear();
                self.settled.clear();
                let (receipt, rows, batches) = self.committed.clone();
                let files = receipt.as_ref().and_then(|receipt| receipt["files"].as_array());
                for file in files.into_iter().flatten().take(moved) {
                    let to = root.join(file[1].as_str().unwrap());
                    fs::create_dir_all(to.parent().unwrap()).unwrap();
                    let from = root.join(".forebay/a").join(file[0].as_str().unwrap());
                    assert!(fs::rename(from, &to).is_ok() || to.exists());
                }
                self.sink = started(root, more.clone(), "a", receipt.as_ref()).await;
                (self.written, self.next_batch) = (rows, batches);
            }
            Step::Commit => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_steps_and_crashes_keeps_each_row_once(
        steps in prop::collection::vec(step(), 0..30),
        parted in any::<bool>(),
    ) {
        let root = tempfile::tempdir().unwrap();
        let more = match parted {
            true => json!({"partition_by": ["group"], "max_open_files": 2, "roll_rows": 4}),
            false => json!({"roll_rows": 7}),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(walk(root.path(), &more, steps));
    }
}

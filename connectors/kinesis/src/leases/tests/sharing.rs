//! Sources that share a stream, over a table in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use forebay_core::source::{Positions, Resume, SourceError};
use forebay_core::split::SplitPhase;
use forebay_core::{Source, SplitId};
use tokio::time::{Instant, sleep};

use super::super::lease::{Lease, Mark};
use super::memory::Memory;
use crate::aggregate::HashRange;
use crate::source::KinesisSource;
use crate::tests::driver::{Driver, source};
use crate::tests::script::Script;

fn worker_of(script: &Arc<Script>, table: &Arc<Memory>, name: &str, more: &str) -> KinesisSource {
    let options = format!("leases = {{ table = \"forebay\", worker = \"{name}\"{more} }}");
    source(script, &options).sharing(Arc::<Memory>::clone(table))
}

/// A worker that is connected.
async fn worker(script: &Arc<Script>, table: &Arc<Memory>, name: &str) -> Driver {
    Driver::connect(worker_of(script, table, name, "")).await
}

/// Reads, commits and releases, as the engine does, for so long.
async fn work(driver: &mut Driver, time: Duration) -> Vec<String> {
    let (mut told, end) = (Vec::new(), Instant::now() + time);
    while Instant::now() < end {
        told.extend(driver.read(1_000).await.unwrap());
        driver.commit().await;
        let leaving: Vec<SplitId> = driver
            .splits()
            .await
            .unwrap()
            .into_iter()
            .filter(|status| status.phase == SplitPhase::Leaving)
            .map(|status| status.split)
            .collect();
        if !leaving.is_empty() {
            driver.source.release(&leaving).await.unwrap();
        }
        sleep(Duration::from_millis(500)).await;
    }
    told
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn shards(script: &Script, count: u32) {
    for shard in 0..count {
        script.shard(&format!("s{shard}"), &[]);
        script.put_all(&format!("s{shard}"), shard * 100..shard * 100 + 10);
    }
}

/// A stream with so many shards, a table for its leases, and the first worker.
async fn started(count: u32) -> (Arc<Script>, Arc<Memory>, Driver) {
    let (script, table) = (Script::new(), Arc::<Memory>::default());
    shards(&script, count);
    let one = worker(&script, &table, "one").await;
    (script, table, one)
}

fn owners(all: &[(&str, usize)]) -> BTreeMap<String, usize> {
    all.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

fn observed(driver: &Driver, what: &str) -> serde_json::Value {
    driver.source.observe().unwrap().observe()["leases"][what].clone()
}

#[tokio::test(start_paused = true)]
async fn workers_divide_the_shards_and_each_record_is_read_once() {
    let (script, table, mut one) = started(4).await;
    assert_eq!(one.source.positions(), Positions::Source);
    assert_eq!(work(&mut one, seconds(5)).await.len(), 40);
    assert_eq!(table.owners(), owners(&[("one", 4)]));
    let mut two = worker(&script, &table, "two").await;
    for _ in 0..12 {
        let again = work(&mut one, seconds(3)).await;
        let again = [again, work(&mut two, seconds(3)).await].concat();
        assert!(again.is_empty(), "{again:?} was read twice");
    }
    assert_eq!(table.owners(), owners(&[("one", 2), ("two", 2)]));
    // One was taken away, and one was left.
    assert_eq!((observed(&one, "lost"), observed(&one, "left")), (1.into(), 1.into()));
    (0..4).for_each(|shard| script.put(&format!("s{shard}"), format!("new-{shard}")));
    let mut told = work(&mut one, seconds(5)).await;
    let by_two = work(&mut two, seconds(5)).await;
    assert_eq!((told.len(), by_two.len()), (2, 2));
    told.extend(by_two);
    told.sort();
    assert_eq!(told, ["new-0", "new-1", "new-2", "new-3"]);
}

#[tokio::test(start_paused = true)]
async fn the_leases_of_a_worker_that_dies_are_taken_over_and_those_of_one_that_stops_at_once() {
    let (script, table, mut one) = started(2).await;
    assert_eq!(one.read(4).await.unwrap().len(), 8);
    one.commit().await;
    sleep(seconds(2)).await;
    // Read, and not committed.
    assert_eq!(one.read(3).await.unwrap().len(), 6);
    drop(one);
    // The keeper's tasks went with the source: its counters stand still.
    let mut two = worker(&script, &table, "two").await;
    assert!(work(&mut two, seconds(8)).await.is_empty());
    let told = work(&mut two, seconds(50)).await;
    assert_eq!(told.len(), 12, "{told:?}");
    // What is not kept yet is kept before the lease goes.
    script.put("s0", "last");
    assert_eq!(two.read_so_many(1).await, ["last"]);
    two.commit().await;
    two.source.close().await;
    assert_eq!(table.owners(), owners(&[("", 2)]));
    let mut three = worker(&script, &table, "three").await;
    assert_eq!(table.owners(), owners(&[("three", 2)]));
    assert!(work(&mut three, seconds(5)).await.is_empty());
    assert_eq!(observed(&three, "held"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_comes_back_has_its_leases_again_at_once() {
    let (script, table, mut one) = started(2).await;
    assert_eq!(one.read(4).await.unwrap().len(), 8);
    one.commit().await;
    sleep(seconds(2)).await;
    let mut again = worker(&script, &table, "one").await;
    assert_eq!(again.read_so_many(12).await.len(), 12);
    again.commit().await;
    // What its earlier life still does is refused.
    one.read(3).await.unwrap();
    one.commit().await;
    sleep(seconds(5)).await;
    let error = one.splits().await.unwrap_err();
    assert!(matches!(&error, SourceError::Fatal(text) if text.contains("worker")), "{error}");
    assert_eq!(again.splits().await.unwrap().len(), 2);
    assert!(work(&mut again, seconds(5)).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_was_read_under_a_lost_lease_is_not_committed() {
    let (_script, table, mut one) = started(1).await;
    assert_eq!(one.read(4).await.unwrap().len(), 4);
    {
        let mut rows = table.rows();
        let lease = rows.leases.get_mut("s0").unwrap();
        (lease.owner, lease.counter) = (Some("old worker".to_owned()), 900);
    }
    one.commit().await;
    sleep(seconds(4)).await;
    assert_eq!(table.rows().leases["s0"].mark, Mark::TrimHorizon);
    assert!(one.splits().await.unwrap().is_empty());
    assert_eq!(observed(&one, "lost"), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_lost_loses_no_lease() {
    let (_script, table, mut one) = started(1).await;
    one.read(4).await.unwrap();
    table.rows().lost_answers = 1;
    one.commit().await;
    sleep(seconds(2)).await;
    assert!(matches!(table.rows().leases["s0"].mark, Mark::After(..)));
    table.rows().lost_answers = 1;
    sleep(seconds(8)).await;
    assert_eq!(one.splits().await.unwrap().len(), 1);
    assert_eq!(observed(&one, "lost"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_table_that_is_away_for_longer_than_the_failover_takes_the_leases_along() {
    let (_script, table, mut one) = started(1).await;
    assert_eq!(one.read(4).await.unwrap().len(), 4);
    table.rows().is_away = true;
    // It goes on reading as long as nobody else can have it.
    sleep(seconds(5)).await;
    assert_eq!(one.read(4).await.unwrap().len(), 4);
    one.commit().await;
    sleep(seconds(20)).await;
    let error = one.splits().await.unwrap_err();
    assert!(matches!(&error, SourceError::Transient(text) if text.contains("nobody answers")));
    table.rows().is_away = false;
    sleep(seconds(60)).await;
    // From what the table knows, under a generation of its own.
    assert_eq!(work(&mut one, seconds(5)).await.len(), 10);
    assert!(matches!(table.rows().leases["s0"].mark, Mark::After(..)));
}

#[tokio::test(start_paused = true)]
async fn a_table_that_is_away_at_the_start_is_named() {
    let (script, table) = (Script::new(), Arc::<Memory>::default());
    shards(&script, 1);
    table.rows().is_away = true;
    let mut source = worker_of(&script, &table, "one", "");
    let error = source.connect(&Resume::default()).await.unwrap_err().to_string();
    assert!(error.contains("table of leases") && error.contains("nobody answers"), "{error}");
    table.rows().is_away = false;
    let mut one = Driver::connect(source).await;
    assert_eq!(one.read_so_many(10).await.len(), 10);
}

#[tokio::test(start_paused = true)]
async fn children_are_read_when_the_lease_of_their_parent_says_its_end() {
    let (script, table) = (Script::new(), Arc::<Memory>::default());
    shards(&script, 1);
    script.shard("c0", &["s0"]);
    script.shard("c1", &["s0"]);
    script.put("c0", "left");
    script.put("c1", "right");
    let mut one = worker(&script, &table, "one").await;
    let mut told = Vec::new();
    while told.len() < 10 {
        told.extend(one.read(4).await.unwrap());
    }
    sleep(seconds(60)).await;
    assert!(one.read(9).await.unwrap().is_empty(), "a child was read before the commit");
    assert!(!table.rows().leases["s0"].is_over());
    let told = work(&mut one, seconds(5)).await;
    let told: BTreeSet<&str> = told.iter().map(String::as_str).collect();
    assert_eq!(told, BTreeSet::from(["left", "right"]));
    let rows = table.rows();
    assert!(rows.leases["s0"].is_over());
    assert_eq!(rows.children["s0"], ["c0".into(), "c1".into()]);
    assert_eq!(rows.leases["c0"].parents, ["s0".into()]);
}

#[tokio::test(start_paused = true)]
async fn children_go_to_other_workers_when_their_parent_ends() {
    let (script, table, mut one) = started(2).await;
    work(&mut one, seconds(3)).await;
    let mut two = worker(&script, &table, "two").await;
    for _ in 0..5 {
        work(&mut one, seconds(4)).await;
        work(&mut two, seconds(4)).await;
    }
    assert_eq!(table.owners(), owners(&[("one", 1), ("two", 1)]));
    script.shard("m", &["s0", "s1"]);
    script.put("m", "merged");
    let mut told = Vec::new();
    for _ in 0..10 {
        told.extend(work(&mut one, seconds(3)).await);
        told.extend(work(&mut two, seconds(3)).await);
    }
    assert_eq!(told, ["merged"]);
    assert!(table.rows().leases["s0"].is_over() && table.rows().leases["s1"].is_over());
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_somebody_removed_does_not_come_again() {
    let (script, table) = (Script::new(), Arc::<Memory>::default());
    shards(&script, 1);
    script.shard("c0", &["s0"]);
    let mut one = worker(&script, &table, "one").await;
    work(&mut one, seconds(5)).await;
    // The client library removes parents while the service still lists them.
    table.rows().leases.remove("s0");
    assert!(work(&mut one, seconds(60)).await.is_empty());
    assert!(!table.rows().leases.contains_key("s0"));
    // And this worker removes those that the service lists no more.
    let mut over = table.rows().leases["c0"].clone();
    (over.shard, over.mark, over.owner) = ("gone".into(), Mark::End, None);
    table.rows().leases.insert("gone".into(), over);
    work(&mut one, seconds(60)).await;
    assert!(!table.rows().leases.contains_key("gone"));
}

#[tokio::test(start_paused = true)]
async fn a_table_of_the_client_library_is_taken_over_in_mid_stream() {
    let (script, table) = (Script::new(), Arc::<Memory>::default());
    shards(&script, 3);
    let sequence = script.state().kept("s1").records[3].sequence.clone();
    let last = script.state().kept("s2").records[9].sequence.clone();
    for (shard, mark) in [
        ("s0", Mark::TrimHorizon),
        ("s1", Mark::After(sequence, 0)),
        // Nothing came since.
        ("s2", Mark::After(last, 0)),
    ] {
        let (parents, hashes) = (Vec::new(), Some(HashRange::ALL));
        let owner = Some("ip-10-0-0-7:8a2c".to_owned());
        let lease = Lease { shard: shard.into(), owner, counter: 77, mark, parents, hashes };
        table.rows().leases.insert(shard.into(), lease);
    }
    let mut one = worker(&script, &table, "one").await;
    // One is taken from a worker that may live, the others when they stand still.
    let told = work(&mut one, seconds(60)).await;
    assert_eq!(told.len(), 16, "{told:?}");
    assert_eq!(table.owners(), owners(&[("one", 3)]));
    assert!(told.contains(&"104".to_owned()) && !told.contains(&"103".to_owned()), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn what_others_do_not_want_is_read_all_the_same() {
    let (script, table, mut one) = started(4).await;
    work(&mut one, seconds(3)).await;
    let mut two = Driver::connect(worker_of(&script, &table, "two", ", max_shards = 1")).await;
    for _ in 0..30 {
        work(&mut one, seconds(4)).await;
        work(&mut two, seconds(4)).await;
    }
    assert_eq!(table.owners(), owners(&[("one", 3), ("two", 1)]));
    let left = observed(&one, "left");
    for _ in 0..20 {
        work(&mut one, seconds(4)).await;
        work(&mut two, seconds(4)).await;
        assert_eq!(table.owners(), owners(&[("one", 3), ("two", 1)]));
    }
    assert_eq!(observed(&one, "left"), left);
    assert_eq!(observed(&one, "unowned"), 0);
}

#[tokio::test(start_paused = true)]
async fn latest_is_the_time_of_the_first_worker_also_for_the_next() {
    let (script, table) = (Script::new(), Arc::<Memory>::default());
    script.shard("s0", &[]);
    script.put("s0", "before");
    let options = "start = \"latest\"\nleases = { table = \"forebay\", worker = \"one\" }";
    let connect = || async {
        Driver::connect(source(&script, options).sharing(Arc::<Memory>::clone(&table))).await
    };
    let mut one = connect().await;
    assert!(work(&mut one, seconds(3)).await.is_empty());
    one.source.close().await;
    let Mark::Latest(Some(since)) = table.rows().leases["s0"].mark else { panic!("no time") };
    // It arrives while nobody reads.
    script.put("s0", "between");
    script.state().kept("s0").records[1].arrival_ms = Some(since + 1);
    let mut two = connect().await;
    assert_eq!(work(&mut two, seconds(3)).await, ["between"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_left_to_others_is_drained_and_committed_first() {
    let (_script, table, mut one) = started(4).await;
    assert_eq!(one.read(4).await.unwrap().len(), 16);
    // Another worker comes, with a shard of its own.
    let row = table.rows().leases["s0"].clone();
    let other = Lease { shard: "x".into(), owner: Some("y/1".to_owned()), ..row };
    table.rows().leases.insert(other.shard.clone(), other);
    sleep(seconds(6)).await;
    let statuses = one.splits().await.unwrap();
    let leaving = statuses.iter().filter(|it| it.phase == SplitPhase::Leaving);
    let leaving: Vec<SplitId> = leaving.map(|it| it.split.clone()).collect();
    let [leaving] = leaving.as_slice() else { panic!("{statuses:?}") };
    one.commit().await;
    one.source.release(std::slice::from_ref(leaving)).await.unwrap();
    sleep(seconds(1)).await;
    let row = table.rows().leases[leaving].clone();
    assert!(row.owner.is_none() && matches!(row.mark, Mark::After(..)), "{row:?}");
    assert_eq!(one.splits().await.unwrap().len(), 3);
}

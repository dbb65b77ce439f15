//! Shards that end, and others that come after them.

use std::time::Duration;

use forebay_core::Source;
use forebay_core::source::Resume;
use forebay_core::split::SplitPhase;
use tokio::time::sleep;

use super::driver::{Driver, source};
use super::script::Script;

async fn phases(driver: &mut Driver) -> Vec<(String, SplitPhase)> {
    let statuses = driver.splits().await.unwrap();
    statuses.into_iter().map(|status| (status.split.to_string(), status.phase)).collect()
}

#[tokio::test(start_paused = true)]
async fn children_are_read_when_their_parents_are_committed() {
    let script = Script::new();
    script.shard("p", &[]);
    script.put_all("p", 0..10);
    let mut driver = Driver::connect(source(&script, "")).await;
    assert_eq!(driver.read_so_many(10).await.len(), 10);
    driver.commit().await;
    script.put_all("p", 10..15);
    script.shard("c1", &["p"]);
    script.shard("c2", &["p"]);
    script.put_all("c1", 20..25);
    script.put_all("c2", 30..35);
    sleep(Duration::from_secs(2)).await;
    let told = driver.read_so_many(5).await;
    assert_eq!(told.first().map(String::as_str), Some("10"));
    // The end may come with the records or by itself.
    while !driver.slices.last().unwrap().range.last {
        driver.source.ready().await;
        assert!(driver.read(9).await.unwrap().is_empty());
    }
    // Nothing of the children before the commit, however long it takes.
    sleep(Duration::from_secs(60)).await;
    assert!(driver.read(99).await.unwrap().is_empty());
    let waiting = phases(&mut driver).await;
    assert!(waiting.contains(&("c1".to_owned(), SplitPhase::Waiting)), "{waiting:?}");
    let asked = script.state().calls.iter().any(|(shard, _)| shard.starts_with('c'));
    assert!(!asked, "a child was asked for records too early");
    driver.commit().await;
    let mut told = driver.read_so_many(10).await;
    told.sort();
    assert_eq!(told, ["20", "21", "22", "23", "24", "30", "31", "32", "33", "34"]);
    assert!(!phases(&mut driver).await.iter().any(|(split, _)| split == "p"));
}

#[tokio::test(start_paused = true)]
async fn a_merge_waits_for_both_parents() {
    let script = Script::new();
    script.shard("p1", &[]);
    script.shard("p2", &[]);
    script.put_all("p1", 0..3);
    script.put_all("p2", 10..13);
    script.shard("c", &["p1", "p2"]);
    script.put("c", "20");
    let mut driver = Driver::connect(source(&script, "")).await;
    driver.read_so_many(6).await;
    sleep(Duration::from_secs(1)).await;
    driver.read(9).await.unwrap();
    // One of the two is committed.
    let first = driver.open.remove("p1").unwrap();
    assert!(first.finished);
    driver.next.remove("p1");
    driver.source.commit(&[first]).await.unwrap();
    assert!(phases(&mut driver).await.contains(&("c".to_owned(), SplitPhase::Waiting)));
    driver.commit().await;
    assert_eq!(driver.read_so_many(1).await, ["20"]);
}

#[tokio::test(start_paused = true)]
async fn a_restart_in_the_middle_of_a_split_goes_on_where_it_was() {
    let script = Script::new();
    script.shard("p", &[]);
    script.put_all("p", 0..10);
    script.shard("c", &["p"]);
    script.put_all("c", 10..20);
    let mut driver = Driver::connect(source(&script, "")).await;
    assert_eq!(driver.read(4).await.unwrap(), ["0", "1", "2", "3"]);
    let resume = driver.resume();
    drop(driver);
    let mut again = source(&script, "");
    again.connect(&resume).await.unwrap();
    let mut driver = Driver::on(again, resume.committed);
    assert_eq!(driver.read_so_many(6).await.first().map(String::as_str), Some("4"));
    driver.read(9).await.unwrap();
    // What was read to its end and committed does not come again.
    let resume = driver.resume();
    assert_eq!(resume.finished, ["p".into()]);
    let mut again = source(&script, "");
    again.connect(&resume).await.unwrap();
    let mut driver = Driver::on(again, resume.committed);
    assert_eq!(driver.read_so_many(10).await.first().map(String::as_str), Some("10"));
}

#[tokio::test(start_paused = true)]
async fn an_open_shard_that_is_said_to_have_ended_is_read_on() {
    let script = Script::new();
    script.shard("a", &[]);
    script.put_all("a", 0..5);
    script.state().false_ends = 2;
    let mut driver = Driver::connect(source(&script, "")).await;
    assert_eq!(driver.read_so_many(5).await.len(), 5);
    script.put("a", "5");
    assert_eq!(driver.read_so_many(1).await, ["5"]);
    assert!(driver.slices.iter().all(|slice| !slice.range.last));
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_is_added_is_found_and_a_finished_one_is_forgotten() {
    let script = Script::new();
    script.shard("p", &[]);
    script.put("p", "0");
    script.shard("c", &["p"]);
    let options = "discover_interval = \"5s\"";
    let mut driver = Driver::connect(source(&script, options)).await;
    driver.read_so_many(1).await;
    driver.read(9).await.unwrap();
    driver.commit().await;
    assert!(driver.source.forget().await.is_empty());
    // The service forgets the parent when its records are older than the retention.
    script.state().shards.retain(|kept| kept.shard.id.as_str() != "p");
    script.shard("new", &[]);
    script.put("new", "1");
    sleep(Duration::from_secs(6)).await;
    assert_eq!(driver.read_so_many(1).await, ["1"]);
    assert_eq!(driver.source.forget().await, ["p".into()]);
    // Nor is it missed by a later start.
    let resume = Resume { finished: Vec::new(), ..driver.resume() };
    assert!(source(&script, options).connect(&resume).await.is_ok());
}

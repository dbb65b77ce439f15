//! Records that are gone before they were read.

use std::time::Duration;

use forebay_clients::aws::Meaning;
use forebay_core::Source;
use forebay_core::source::{Resume, SourceError};
use tokio::time::sleep;

use super::driver::{Driver, source};
use super::script::Script;

/// Reads three records of ten and stops; then retention takes five.
async fn trimmed(script: &Script, driver: &mut Driver) -> Resume {
    assert_eq!(driver.read(3).await.unwrap(), ["0", "1", "2"]);
    script.trim("a", 5);
    driver.resume()
}

async fn again(script: &std::sync::Arc<Script>, policy: &str, resume: &Resume) -> Driver {
    let mut source = source(script, &format!("on_loss = \"{policy}\""));
    source.connect(resume).await.unwrap();
    Driver::on(source, resume.committed.clone())
}

#[tokio::test(start_paused = true)]
async fn retention_that_ran_past_the_position_follows_the_policy() {
    let script = Script::new();
    script.shard("a", &[]);
    script.put_all("a", 0..10);
    let mut first = Driver::connect(source(&script, "")).await;
    let resume = trimmed(&script, &mut first).await;

    let mut failing = again(&script, "fail", &resume).await;
    sleep(Duration::from_secs(1)).await;
    let error = failing.splits().await.unwrap_err();
    assert!(matches!(&error, SourceError::Lost(text) if text.contains("on_loss")), "{error}");

    let mut earliest = again(&script, "earliest", &resume).await;
    assert_eq!(earliest.read_so_many(5).await, ["5", "6", "7", "8", "9"]);
    assert_eq!(earliest.source.observe().unwrap().observe()["losses"], 1);
    assert!(earliest.slices[0].range.generation > 0);

    let mut latest = again(&script, "latest", &resume).await;
    sleep(Duration::from_secs(1)).await;
    assert!(latest.read(9).await.unwrap().is_empty());
    script.put("a", "10");
    script.state().kept("a").records[10].arrival_ms = Some(i64::MAX / 2);
    assert_eq!(latest.read_so_many(1).await, ["10"]);
}

#[tokio::test(start_paused = true)]
async fn a_shard_of_which_nothing_is_left_is_a_loss_too() {
    let script = Script::new();
    script.shard("a", &[]);
    script.put_all("a", 0..10);
    let mut first = Driver::connect(source(&script, "")).await;
    let resume = trimmed(&script, &mut first).await;
    script.trim("a", 10);
    let mut failing = again(&script, "fail", &resume).await;
    sleep(Duration::from_secs(5)).await;
    assert!(matches!(failing.splits().await, Err(SourceError::Lost(_))));
}

#[tokio::test(start_paused = true)]
async fn what_has_to_be_read_again_and_is_gone_follows_the_policy() {
    let script = Script::new();
    script.shard("a", &[]);
    script.put_all("a", 0..10);
    let mut first = Driver::connect(source(&script, "")).await;
    first.read(8).await.unwrap();
    let range = first.slices[0].range.clone();
    script.trim("a", 5);
    let mut failing = source(&script, "");
    failing.connect(&Resume::default()).await.unwrap();
    let error = failing.replay(std::slice::from_ref(&range)).await.unwrap_err();
    assert!(matches!(&error, SourceError::Lost(text) if text.contains("5 records")), "{error}");

    let mut earliest = source(&script, "on_loss = \"earliest\"");
    earliest.connect(&Resume::default()).await.unwrap();
    let slices = earliest.replay(std::slice::from_ref(&range)).await.unwrap();
    assert_eq!((slices[0].range.records, &slices[0].range.until), (3, &range.until));
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_vanished_before_its_end_follows_the_policy() {
    let script = Script::new();
    script.shard("a", &[]);
    script.shard("b", &[]);
    script.put_all("a", 0..10);
    let mut driver = Driver::connect(source(&script, "")).await;
    driver.read(3).await.unwrap();
    let resume = driver.resume();
    script.state().shards.retain(|kept| kept.shard.id.as_str() != "a");
    let error = source(&script, "").connect(&resume).await.unwrap_err();
    assert!(matches!(&error, SourceError::Lost(text) if text.contains("not there any more")));
    let mut earliest = again(&script, "earliest", &resume).await;
    let statuses = earliest.splits().await.unwrap();
    assert_eq!(statuses.len(), 1);

    // The same in mid-run.
    driver.read_so_many(7).await;
    sleep(Duration::from_secs(5)).await;
    assert!(matches!(driver.splits().await, Err(SourceError::Lost(_))));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_was_made_anew_does_not_know_the_position() {
    let script = Script::new();
    script.shard("a", &[]);
    script.put_all("a", 0..3);
    let mut driver = Driver::connect(source(&script, "")).await;
    driver.read_so_many(3).await;
    let resume = driver.resume();
    script.refuse_iterators(Meaning::Refused);
    let mut driver = again(&script, "fail", &resume).await;
    sleep(Duration::from_secs(1)).await;
    let error = driver.splits().await.unwrap_err();
    assert!(matches!(&error, SourceError::Lost(text) if text.contains("made anew")), "{error}");
}

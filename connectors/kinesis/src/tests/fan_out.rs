//! Records that are pushed.

use std::time::Duration;

use forebay_clients::aws::Meaning;
use forebay_core::Source;
use forebay_core::source::{Resume, SourceError};
use forebay_core::testing::source::check;
use tokio::time::{Instant, sleep};

use super::driver::{Driver, source};
use super::script::Script;

const FAN_OUT: &str = "fan_out = { consumer = \"forebay\" }";

fn numbers(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|number| number.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_pushed_to_is_one_like_any_other() {
    let script = Script::new();
    script.shard("a", &[]);
    script.shard("ended", &[]);
    script.put_all("a", 0..45);
    script.put_all("ended", 0..30);
    script.state().kept("ended").shard.is_closed = true;
    let open = || -> Box<dyn Source> { Box::new(source(&script, FAN_OUT)) };
    let summary = check(open).await.unwrap();
    assert_eq!((summary.splits, summary.records), (2, 75));
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_is_over_is_followed_by_the_next() {
    let script = Script::new();
    script.shard("a", &[]);
    script.state().page = 10;
    script.state().events = Some(3);
    script.put_all("a", 0..100);
    let mut driver = Driver::connect(source(&script, FAN_OUT)).await;
    assert_eq!(driver.read_so_many(100).await, numbers(0..100));
    let state = script.state();
    assert!(state.subscriptions.len() >= 4, "{:?}", state.subscriptions);
    for pair in state.subscriptions.windows(2) {
        assert!(pair[1].1 - pair[0].1 >= Duration::from_secs(5), "{:?}", state.subscriptions);
    }
    assert_eq!(state.subscriptions[0].0, "TrimHorizon");
    assert_eq!(state.subscriptions[1].0, "After");
    assert!(state.calls.is_empty(), "it was polled too");
}

#[tokio::test(start_paused = true)]
async fn failures_in_mid_stream_lose_and_double_nothing() {
    let script = Script::new();
    script.shard("a", &[]);
    script.state().page = 10;
    script.put_all("a", 0..100);
    let mut driver = Driver::connect(source(&script, FAN_OUT)).await;
    let mut told = Vec::new();
    for meaning in [Meaning::Throttled, Meaning::Trouble, Meaning::Refused, Meaning::Expired] {
        script.fail(meaning, 2);
        sleep(Duration::from_secs(20)).await;
        told.extend(driver.read(15).await.unwrap_or_default());
    }
    let rest = driver.read_so_many(100 - told.len()).await;
    told.extend(rest);
    assert_eq!(told, numbers(0..100));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_silent_is_given_up() {
    let script = Script::new();
    script.shard("a", &[]);
    script.put_all("a", 0..5);
    script.state().is_silent = true;
    let mut driver = Driver::connect(source(&script, FAN_OUT)).await;
    sleep(Duration::from_secs(40)).await;
    let error = driver.splits().await.unwrap_err();
    assert!(matches!(&error, SourceError::Transient(text) if text.contains("30 s")), "{error}");
    script.state().is_silent = false;
    sleep(Duration::from_secs(40)).await;
    assert_eq!(driver.read_so_many(5).await, numbers(0..5));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_read_is_not_pushed_to() {
    let script = Script::new();
    script.shard("a", &[]);
    script.state().page = 100;
    (0..4_000).for_each(|_| script.put("a", vec![b'x'; 1_000]));
    let options = format!("buffer = \"1MiB\"\n{FAN_OUT}");
    let mut driver = Driver::connect(source(&script, &options)).await;
    sleep(Duration::from_secs(600)).await;
    let fetched = driver.source.observe().unwrap().observe()["fetched_bytes"].as_u64().unwrap();
    assert!(fetched < 1_300_000, "{fetched}");
    driver.read_so_many(4_000).await;
}

#[tokio::test(start_paused = true)]
async fn children_come_with_the_end_of_their_parent() {
    let script = Script::new();
    script.shard("p", &[]);
    script.put_all("p", 0..10);
    script.shard("c", &["p"]);
    script.put_all("c", 10..20);
    let mut driver = Driver::connect(source(&script, FAN_OUT)).await;
    assert_eq!(driver.read_so_many(10).await, numbers(0..10));
    driver.source.ready().await;
    driver.read(9).await.unwrap();
    driver.commit().await;
    assert_eq!(driver.read_so_many(10).await, numbers(10..20));
}

#[tokio::test(start_paused = true)]
async fn a_consumer_is_registered_and_waited_for() {
    let script = Script::new();
    script.shard("a", &[]);
    script.put("a", "0");
    script.state().unregistered = 2;
    let mut source = source(&script, "fan_out = { consumer = \"forebay\", deregister = true }");
    for _ in 0..2 {
        let error = source.connect(&Resume::default()).await.unwrap_err().to_string();
        assert!(error.contains("consumer `forebay`"), "{error}");
    }
    let begun = Instant::now();
    let mut driver = Driver::connect(source).await;
    assert_eq!(driver.read_so_many(1).await, ["0"]);
    assert!(begun.elapsed() < Duration::from_secs(5));
    driver.source.close().await;
    assert_eq!(script.state().deregistered, ["arn:forebay"]);
}

//! Guarantees: the sink keeps the contract of sinks, says in words what is wrong with the service,
//! and loses nothing when the gateway is killed.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use forebay_core::Sink;
use forebay_core::component::{BuildContext, SinkComponent};
use forebay_core::testing::sink::{Promise, check};
use forebay_integration_tests::chance::{Chance, rounds};
use forebay_integration_tests::servers::Kinesis;
use forebay_integration_tests::{Scene, port};
use forebay_kinesis_sink::Kinesis as KinesisSink;
use serde_json::Value;

fn sink(address: SocketAddr, stream: &str, options: &str) -> Result<Box<dyn Sink>> {
    let context = BuildContext {
        name: "out".into(),
        pipeline: "test".into(),
        base: "/".into(),
        instance: "test".into(),
    };
    let options = format!("stream = \"{stream}\"\n{}\n{options}", Kinesis::options_at(address));
    KinesisSink::build(toml::from_str(&options)?, &context)
        .map_err(|problem| anyhow!("{problem:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_a_sink_like_any_other() -> Result<()> {
    let kinesis = Kinesis::shared()?;
    // One shard and one key, so that there is one order.
    let stream = kinesis.stream("conformance", 1)?;
    let build =
        || sink(kinesis.address(), &stream, "partition_key = \"one\"\nformat = \"json\"").unwrap();
    let visible = || {
        let records = kinesis.read(&stream).unwrap();
        records.into_iter().map(|it| String::from_utf8(it.data).unwrap()).collect()
    };
    let summary = check(Promise::AtLeastOnce, build, visible).await;
    let summary = summary.map_err(|found| anyhow!("{found}"))?;
    ensure!(summary.mixed_schemas && summary.rows > 1_000, "{summary:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_missing_is_told_in_words() -> Result<()> {
    let kinesis = Kinesis::shared()?;
    let mut sink = sink(kinesis.address(), "nobody-made-it", "")?;
    let error = sink.connect().await.err().context("it connects")?.to_string();
    ensure!(error.contains("there is no stream `nobody-made-it`"), "{error}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_not_there_is_told_in_words() -> Result<()> {
    let nobody = SocketAddr::from((Ipv4Addr::LOCALHOST, port::free()?));
    let mut sink = sink(nobody, "orders", "")?;
    let error = sink.connect().await.err().context("it connects")?.to_string();
    ensure!(error.contains("cannot be written") && error.contains("onnect"), "{error}");
    Ok(())
}

#[test]
fn what_was_not_committed_is_written_again() -> Result<()> {
    let kinesis = Kinesis::shared()?;
    let stream = kinesis.stream("killed", 3)?;
    let mut chance = Chance::new();
    eprintln!("FOREBAY_CRASH_SEED={}", chance.seed());
    let config = |records: u64, unlimited: bool| {
        format!(
            r#"
            [sources.orders]
            type = "generator"
            rows_per_second = 300
            unlimited = {unlimited}
            count = {records}
            seed = 7

            [sinks.out]
            type = "kinesis"
            stream = "{stream}"
            partition_key = "{{id}}"
            {options}

            [pipelines.orders]
            from = ["orders"]
            to = ["out"]
            interval = "50ms"
            "#,
            options = kinesis.options(),
        )
    };
    let rounds = rounds().div_ceil(3);
    let records = 300 * u64::from(rounds);
    let scene = Scene::new(&config(records, false))?;
    for _ in 0..rounds {
        let gateway = scene.start()?;
        gateway.kill_after(chance.short_of(Duration::from_millis(100), Duration::from_secs(1)))?;
    }
    scene.configure(&config(records, true))?;
    scene.drain()?;
    let mut seen: BTreeSet<u64> = BTreeSet::new();
    for record in kinesis.read(&stream)? {
        let value: Value = serde_json::from_slice(&record.data)?;
        let id = value["id"].as_u64().context("no id")?;
        ensure!(record.key == id.to_string(), "{value} has the key {}", record.key);
        seen.insert(id);
    }
    ensure!(seen.len() as u64 == records, "{} of {records} records are there", seen.len());
    Ok(())
}

//! Guarantees: the sink keeps the contract of sinks, says in words what is wrong with the service,
//! and loses nothing when the gateway is killed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use arrow::array::{Array, ArrayRef, RecordBatch, StringArray};
use forebay_core::batch::Rows;
use forebay_core::component::{BuildContext, SinkComponent};
use forebay_core::sink::{SinkError, Written};
use forebay_core::testing::sink::{Promise, check};
use forebay_core::{Batch, Sink};
use forebay_integration_tests::chance::{Chance, rounds};
use forebay_integration_tests::servers::kinesis::Throttling;
use forebay_integration_tests::servers::{Kinesis, Proxy};
use forebay_integration_tests::{Scene, crash_points, port};
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

/// A batch of these numbers, all under one key.
fn batch(numbers: Range<u32>) -> Result<Batch> {
    let data: ArrayRef = Arc::new(StringArray::from_iter_values(numbers.map(|it| it.to_string())));
    let key: ArrayRef = Arc::new(StringArray::from(vec!["one"; data.len()]));
    let columns = RecordBatch::try_from_iter([("partition_key", key), ("data", data)])?;
    Ok(Batch::new(1, vec![Rows { columns, origin: None }]))
}

#[tokio::test(flavor = "multi_thread")]
async fn it_comes_back_after_the_network_was_cut() -> Result<()> {
    let kinesis = Kinesis::shared()?;
    let stream = kinesis.stream("cut", 1)?;
    let network = Proxy::before(kinesis.address())?;
    let mut sink = sink(network.address(), &stream, "timeout = \"1s\"\nretry_for = \"1s\"")?;
    sink.connect().await?;
    ensure!(sink.write(&batch(0..20)?).await? == Written::all());
    // Nobody is there; then connections stay open, and nobody answers.
    for (from, breaks) in [(20, Proxy::refuse as fn(&Proxy)), (40, Proxy::hold)] {
        breaks(&network);
        let written = sink.write(&batch(from..from + 20)?).await;
        ensure!(matches!(&written, Err(SinkError::Transient(_))), "{written:?}");
        network.mend();
        ensure!(sink.write(&batch(from..from + 20)?).await? == Written::all());
    }
    let mut seen: Vec<u32> = Vec::new();
    for record in kinesis.read(&stream)? {
        seen.push(String::from_utf8(record.data)?.parse()?);
    }
    let distinct: BTreeSet<u32> = seen.iter().copied().collect();
    ensure!(distinct == (0..60).collect(), "{seen:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_service_refuses_now_and_then_is_written_all_the_same() -> Result<()> {
    let kinesis = Kinesis::shared()?;
    let stream = kinesis.stream("throttled", 1)?;
    let service = Throttling::before(kinesis)?;
    let mut sink = sink(service.address(), &stream, "requests = 1")?;
    sink.connect().await?;
    for from in [0, 20, 40, 60] {
        ensure!(sink.write(&batch(from..from + 20)?).await? == Written::all());
    }
    for kind in [
        "ProvisionedThroughputExceededException",
        "InternalFailure",
        Throttling::UNAVAILABLE,
        Throttling::IN_PART,
    ] {
        ensure!(service.made_up(kind) > 0, "`{kind}` never came");
    }
    let mut seen: Vec<u32> = Vec::new();
    for record in kinesis.read(&stream)? {
        seen.push(String::from_utf8(record.data)?.parse()?);
    }
    // What follows a record the first time follows it again.
    let last: BTreeMap<u32, usize> = seen.iter().enumerate().map(|(at, it)| (*it, at)).collect();
    ensure!(last.keys().copied().eq(0..80), "{seen:?}");
    ensure!(last.values().is_sorted(), "the last of each is out of order: {seen:?}");
    Ok(())
}

/// So many numbered orders for a stream.
fn config(kinesis: &Kinesis, stream: &str, records: u64, unlimited: bool) -> String {
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
}

/// Lets the gateway write the rest, and looks whether all is there.
fn finish(scene: &Scene, kinesis: &Kinesis, stream: &str, records: u64) -> Result<()> {
    scene.configure(&config(kinesis, stream, records, true))?;
    scene.drain()?;
    let mut seen: BTreeSet<u64> = BTreeSet::new();
    for record in kinesis.read(stream)? {
        let value: Value = serde_json::from_slice(&record.data)?;
        let id = value["id"].as_u64().context("no id")?;
        ensure!(record.key == id.to_string(), "{value} has the key {}", record.key);
        seen.insert(id);
    }
    ensure!(seen.len() as u64 == records, "{} of {records} records are there", seen.len());
    Ok(())
}

#[test]
fn what_was_not_committed_is_written_again() -> Result<()> {
    let kinesis = Kinesis::shared()?;
    let stream = kinesis.stream("killed", 3)?;
    let mut chance = Chance::new();
    eprintln!("FOREBAY_CRASH_SEED={}", chance.seed());
    let rounds = rounds().div_ceil(3);
    let records = 300 * u64::from(rounds);
    let scene = Scene::new(&config(kinesis, &stream, records, false))?;
    for _ in 0..rounds {
        let gateway = scene.start()?;
        gateway.kill_after(chance.short_of(Duration::from_millis(100), Duration::from_secs(1)))?;
    }
    finish(&scene, kinesis, &stream, records)
}

#[test]
fn ended_at_every_named_point() -> Result<()> {
    let kinesis = Kinesis::shared()?;
    // There is nothing to publish: what was answered is safe.
    for point in crash_points::BATCH.iter().filter(|point| **point != "after-publish") {
        let stream = kinesis.stream("named", 1)?;
        let scene = Scene::new(&config(kinesis, &stream, 100, false))?;
        let gateway = scene.start_to_crash_at(point, 2)?;
        gateway
            .expect_crash(Duration::from_secs(30))
            .and_then(|()| finish(&scene, kinesis, &stream, 100))
            .with_context(|| (*point).to_owned())?;
    }
    Ok(())
}

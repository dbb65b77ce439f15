//! Guarantees: whatever instant or named point the gateway is killed at, a reader of the topic who
//! skips what is not committed sees each generated record exactly once.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::chance::{Chance, rounds};
use forebay_integration_tests::servers::Kafka;
use forebay_integration_tests::servers::kafka::Isolation;
use forebay_integration_tests::{Scene, crash_points};
use serde_json::Value;

const RATE: u64 = 4_000;

fn config(kafka: &Kafka, topic: &str, records: u64, unlimited: bool) -> String {
    format!(
        r#"
        [sources.orders]
        type = "generator"
        splits = 3
        rows_per_second = {RATE}
        unlimited = {unlimited}
        count = {records}
        seed = 7

        [sinks.out]
        type = "kafka"
        brokers = ["{bootstrap}"]
        topic = "{topic}"
        key = "{{id}}"
        exactly_once = true

        [pipelines.{topic}]
        from = ["orders"]
        to = ["out"]
        interval = "20ms"
        "#,
        bootstrap = kafka.bootstrap()
    )
}

/// Lets the gateway make the rest, as fast as it can, and compares.
fn finish(kafka: &Kafka, scene: &Scene, topic: &str, records: u64) -> Result<()> {
    scene.configure(&config(kafka, topic, records, true))?;
    scene.drain()?;
    let mut seen: BTreeMap<u64, usize> = BTreeMap::new();
    for record in kafka.read(topic, Isolation::ReadCommitted)? {
        let value: Value = serde_json::from_slice(&record.value.context("a tombstone")?)?;
        let id = value["id"].as_u64().context("no id")?;
        ensure!(record.key.as_deref() == Some(id.to_string().as_bytes()), "{value}");
        *seen.entry(id).or_default() += 1;
    }
    let twice = seen.values().filter(|times| **times > 1).count();
    ensure!(twice == 0, "{twice} of {records} records are there twice");
    ensure!(seen.len() as u64 == records, "{} of {records} records are there", seen.len());
    Ok(())
}

#[test]
fn killed_at_random_instants() -> Result<()> {
    let kafka = Kafka::shared()?;
    let mut chance = Chance::new();
    eprintln!("FOREBAY_CRASH_SEED={}", chance.seed());
    let topic = kafka.topic("random", 4)?;
    // More than can be made before the last kill.
    let records = 2 * RATE * u64::from(rounds());
    let scene = Scene::new(&config(kafka, &topic, records, false))?;
    for _ in 0..rounds() {
        let gateway = scene.start()?;
        gateway.kill_after(chance.short_of(Duration::from_millis(30), Duration::from_secs(2)))?;
    }
    finish(kafka, &scene, &topic, records)
}

#[test]
fn ended_at_every_named_point() -> Result<()> {
    const RECORDS: u64 = 8_000;
    let kafka = Kafka::shared()?;
    for point in crash_points::BATCH.iter().chain(&["mid-append"]) {
        let topic = kafka.topic(point, 2)?;
        let scene = Scene::new(&config(kafka, &topic, RECORDS, false))?;
        // Not the first time, so that something stands before it.
        let gateway = scene.start_to_crash_at(point, 3)?;
        gateway
            .expect_crash(Duration::from_secs(30))
            .and_then(|()| finish(kafka, &scene, &topic, RECORDS))
            .with_context(|| (*point).to_owned())?;
    }
    Ok(())
}

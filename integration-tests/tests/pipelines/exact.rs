//! Guarantees: all records arrive, once, as they were sent, those of a key in their order.

use std::env;
use std::time::Instant;

use anyhow::{Result, ensure};
use forebay_integration_tests::Scene;
use forebay_integration_tests::servers::{Cassandra, Destination, Entry, Kafka, Ledger};

/// `FOREBAY_TEST_RECORDS`, or a number that suits a test run on two cores.
fn records() -> u64 {
    let given = env::var("FOREBAY_TEST_RECORDS").ok().and_then(|records| records.parse().ok());
    given.unwrap_or(50_000)
}

fn all_of_it(destination: &Destination<'_>) -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("orders", 8)?;
    let mut ledger = Ledger::new(1_000).with_a_hot_key();
    let entries = ledger.write(records());
    kafka.produce(&topic, entries.map(|entry: Entry| entry.message()))?;
    let scene = Scene::new(&destination.config(kafka, &topic, ""))?;
    let begun = Instant::now();
    scene.drain()?;
    println!("{} records took {:?}", records(), begun.elapsed());
    let findings = destination.audit(&scene, &ledger)?;
    ensure!(findings.right == records(), "{findings}");
    Ok(())
}

#[test]
fn into_cassandra() -> Result<()> {
    all_of_it(&Destination::table(Cassandra::shared()?)?)
}

#[test]
fn into_files() -> Result<()> {
    all_of_it(&Destination::Files)
}

#[test]
fn into_kafka() -> Result<()> {
    all_of_it(&Destination::topic(Kafka::shared()?)?)
}

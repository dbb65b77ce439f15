//! Guarantees: of three Cassandra nodes one can be killed or frozen, and a quorum goes on.

use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use forebay_integration_tests::Scene;
use forebay_integration_tests::servers::{Cassandra, Destination, Feed, Kafka, Ledger, cassandra};

use super::recovery::{LONG, recovers};

/// How long a node is frozen.
const FROZEN: Duration = Duration::from_secs(5);

#[test]
fn a_quorum_goes_on_without_one_of_three() -> Result<()> {
    let kafka = Kafka::shared()?;
    let cassandra = Cassandra::start(&cassandra::Options::three_nodes().durable())?;
    let destination = Destination::table(&cassandra)?;
    let topic = kafka.topic("quorum", 4)?;
    let config = destination.config(kafka, &topic, "");
    let scene =
        Scene::new(&config.replace("[sinks.out]", "[sinks.out]\nconsistency = \"quorum\""))?;
    let feed = Feed::start_shared(kafka, &topic, Ledger::new(200).with_a_hot_key());
    let gateway = scene.start_with_progress()?;
    gateway.wait_for_more_than(0, LONG)?;

    cassandra.node(3)?.kill()?;
    recovers(&gateway, "one of three is killed")?;
    cassandra.node(3)?.start()?;
    recovers(&gateway, "it is back")?;

    cassandra.node(2)?.freeze()?;
    recovers(&gateway, "one of three is frozen")?;
    thread::sleep(FROZEN);
    cassandra.node(2)?.thaw()?;
    recovers(&gateway, "it moves again")?;

    let ledger = feed.finish()?;
    gateway.stop(LONG)?;
    scene.drain()?;
    let findings = destination.audit(&scene, &ledger)?;
    ensure!(findings.right == ledger.written(), "{findings}");
    println!("{findings}");
    Ok(())
}

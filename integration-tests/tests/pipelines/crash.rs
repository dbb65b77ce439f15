//! Guarantees: killed at any instant and at each named point, the gateway loses nothing and writes
//! nothing twice, and is back at work within seconds.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::chance::{Chance, rounds};
use forebay_integration_tests::servers::{Cassandra, Destination, Feed, Kafka, Ledger};
use forebay_integration_tests::{Scene, crash_points};

/// What takes a second may take longer on a busy machine.
const LONG: Duration = Duration::from_secs(60);

fn is_killed(destination: &Destination<'_>) -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("orders", 8)?;
    let scene = Scene::new(&destination.config(kafka, &topic, ""))?;
    let feed = Feed::start_shared(kafka, &topic, Ledger::new(200).with_a_hot_key());

    let mut chance = Chance::new();
    println!("FOREBAY_CRASH_SEED={}", chance.seed());
    // A third of the rounds: there are three destinations.
    for _ in 0..rounds().div_ceil(3) {
        let gateway = scene.start()?;
        gateway.kill_after(chance.short_of(Duration::from_millis(100), Duration::from_secs(3)))?;
    }
    for point in crash_points::BATCH.iter().chain(&["mid-append"]) {
        // Only files are made visible in a step of its own.
        if *point == "after-publish" && !matches!(destination, Destination::Files) {
            continue;
        }
        let gateway = scene.start_to_crash_at(point, 3)?;
        gateway.expect_crash(LONG).with_context(|| (*point).to_owned())?;
    }

    let gateway = scene.start_with_progress()?;
    let begun = Instant::now();
    gateway.wait_for_more_than(0, LONG)?;
    println!("the first batch was written {:?} after the last start", begun.elapsed());
    gateway.kill()?;

    let ledger = feed.finish()?;
    scene.drain()?;
    let findings = destination.audit(&scene, &ledger)?;
    println!("{findings}");
    ensure!(findings.right > 0, "nothing was sent");
    Ok(())
}

#[test]
fn on_the_way_to_cassandra() -> Result<()> {
    is_killed(&Destination::table(Cassandra::shared()?)?)
}

#[test]
fn on_the_way_to_files() -> Result<()> {
    is_killed(&Destination::Files)
}

#[test]
fn on_the_way_to_kafka() -> Result<()> {
    is_killed(&Destination::topic(Kafka::shared()?)?)
}

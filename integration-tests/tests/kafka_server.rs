//! Guarantees: a Kafka server starts from its jars, takes and gives records, and has what it
//! acknowledged after it was killed.

use std::time::Instant;

use anyhow::{Result, ensure};
use forebay_integration_tests::servers::Kafka;
use forebay_integration_tests::servers::kafka::{Isolation, Message, Options};

fn messages(from: u32, to: u32) -> impl Iterator<Item = Message> {
    (from..to).map(|number| Message::new(format!("key-{}", number % 7), number.to_string()))
}

/// The values of a topic, as a sorted list of numbers.
fn numbers(kafka: &Kafka, topic: &str) -> Result<Vec<u32>> {
    let mut found = Vec::new();
    for arrived in kafka.read(topic, Isolation::ReadUncommitted)? {
        found.push(String::from_utf8(arrived.value.unwrap_or_default())?.parse()?);
    }
    found.sort_unstable();
    Ok(found)
}

#[test]
fn what_was_written_is_read() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("orders", 3)?;
    kafka.produce(&topic, messages(0, 10_000))?;
    ensure!(numbers(kafka, &topic)? == (0..10_000).collect::<Vec<_>>());
    ensure!(kafka.end_offsets(&topic)?.iter().sum::<i64>() == 10_000);
    Ok(())
}

#[test]
fn topics_are_made_expanded_and_deleted() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("orders", 1)?;
    ensure!(kafka.leaders(&topic)? == [1]);
    kafka.expand_topic(&topic, 4)?;
    ensure!(kafka.leaders(&topic)? == [1, 1, 1, 1]);
    kafka.delete_topic(&topic)?;
    ensure!(kafka.leaders(&topic)?.is_empty());
    kafka.create_topic(&topic, 2, &[("cleanup.policy", "compact")])?;
    ensure!(numbers(kafka, &topic)?.is_empty());
    Ok(())
}

#[test]
fn it_is_stopped_killed_frozen_and_started_on_the_same_data() -> Result<()> {
    let begun = Instant::now();
    let kafka = Kafka::start(&Options::one_node())?;
    println!("ready after {:?}", begun.elapsed());
    let node = kafka.node(1)?;
    let topic = kafka.topic("orders", 2)?;
    kafka.produce(&topic, messages(0, 100))?;
    let begun = Instant::now();
    node.kill_and_start()?;
    println!("ready {:?} after it was killed", begun.elapsed());
    kafka.produce(&topic, messages(100, 200))?;
    node.freeze()?;
    node.thaw()?;
    let begun = Instant::now();
    node.stop()?;
    println!("stopped after {:?}", begun.elapsed());
    ensure!(node.id().is_none() && node.kill().is_err());
    node.start()?;
    ensure!(numbers(&kafka, &topic)? == (0..200).collect::<Vec<_>>());
    Ok(())
}

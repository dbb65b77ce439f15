//! Guarantees: gateways that share a group lose nothing when one joins, leaves or is killed.

use std::time::Duration;

use anyhow::Result;
use forebay_integration_tests::servers::{Cassandra, Destination, Feed, Kafka, Ledger, name};
use forebay_integration_tests::{Scene, wait};

const LONG: Duration = Duration::from_secs(90);

#[test]
fn members_join_leave_and_are_killed() -> Result<()> {
    let (kafka, cassandra) = (Kafka::shared()?, Cassandra::shared()?);
    let topic = kafka.topic("orders", 4)?;
    let destination = Destination::table(cassandra)?;
    let source = format!(
        "assign = \"group\"\ngroup = \"{}\"\nsession_timeout = \"6s\"",
        name::unique("members")
    );
    let config = destination.config(kafka, &topic, &source);
    let (first, second) = (Scene::new(&config)?, Scene::new(&config)?);
    let feed = Feed::start_shared(kafka, &topic, Ledger::new(200));

    let one = first.start_with_progress()?;
    one.wait_for_more_than(0, LONG)?;
    let two = second.start_with_progress()?;
    two.wait_for_more_than(0, LONG)?;
    one.kill()?;
    two.wait_for_more_than(two.records()?, LONG)?;
    let one = first.start_with_progress()?;
    let before = one.records()?;
    one.wait_for_more_than(before, LONG)?;
    two.stop(LONG)?;
    one.wait_for_more_than(one.records()?, LONG)?;

    let ledger = feed.finish()?;
    wait::until("the last record", LONG, || {
        Ok((destination.count(&first)? >= ledger.written()).then_some(()))
    })?;
    one.stop(LONG)?;
    println!("{}", destination.audit(&first, &ledger)?);
    Ok(())
}

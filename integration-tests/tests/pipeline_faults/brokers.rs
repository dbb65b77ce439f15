//! Guarantees: while leadership moves, and three brokers are restarted one after the other, records
//! go from Kafka to files, and to another topic, exactly once.

use std::sync::Arc;

use anyhow::{Result, ensure};
use forebay_integration_tests::servers::{Destination, Feed, Kafka, Ledger, kafka};
use forebay_integration_tests::{Scene, wait};

use super::recovery::{LONG, recovers};

const NODES: u16 = 3;

#[test]
fn leaders_move_and_brokers_are_restarted_one_by_one() -> Result<()> {
    let kafka = Arc::new(Kafka::start(&kafka::Options::three_nodes())?);
    kafka.warm_up()?;
    let topic = kafka.topic("orders", 6)?;
    let mut routes = Vec::new();
    for destination in [Destination::Files, Destination::topic(&kafka)?] {
        let scene = Scene::new(&destination.config(&kafka, &topic, ""))?;
        let gateway = scene.start_with_progress()?;
        routes.push((destination, scene, gateway));
    }
    let feed = Feed::start(Arc::clone(&kafka), &topic, Ledger::new(200).with_a_hot_key());
    let all_go_on = |step: &str| {
        for (destination, _, gateway) in &routes {
            recovers(gateway, &format!("{step}, to {destination}"))?;
        }
        anyhow::Ok(())
    };
    all_go_on("the brokers are there")?;

    for partition in 0..3 {
        let leaders = kafka.leaders(&topic)?;
        kafka.move_leadership(&topic, partition, leaders[usize::try_from(partition)?] % 3 + 1)?;
    }
    all_go_on("three partitions have another leader")?;

    for id in 1..=NODES {
        kafka.node(id)?.stop()?;
        all_go_on(&format!("broker {id} is away"))?;
        kafka.node(id)?.start()?;
        wait::until("all copies", LONG, || {
            let copies = kafka.least_in_sync(&topic)?;
            Ok((copies == usize::from(NODES)).then_some(()))
        })?;
        all_go_on(&format!("broker {id} is back"))?;
    }
    let ledger = feed.finish()?;
    for (destination, scene, gateway) in routes {
        gateway.stop(LONG)?;
        scene.drain()?;
        let findings = destination.audit(&scene, &ledger)?;
        ensure!(findings.right == ledger.written(), "{destination}: {findings}");
        println!("{destination}: {findings}");
    }
    Ok(())
}

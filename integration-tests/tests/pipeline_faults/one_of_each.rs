//! Guarantees: while records keep coming, a broker or Cassandra that is killed, frozen, slow or cut
//! off costs time and nothing else, and memory stays what it was.

use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::servers::{
    Cassandra, Destination, Feed, Kafka, Ledger, Proxy, cassandra, kafka,
};
use forebay_integration_tests::{Gateway, Scene};

use super::recovery::{LONG, recovers};

/// How long a fault lasts.
const FAULT: Duration = Duration::from_secs(3);

/// More than the gateway has any use for here; a build without optimisation is larger than others.
const MOST_MIB: u64 = 400;

fn resident_mib(gateway: &Gateway) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", gateway.id()))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
    let kib: u64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
    Ok(kib / 1024)
}

#[test]
fn what_breaks_costs_time_and_nothing_else() -> Result<()> {
    let kafka = Arc::new(Kafka::start(&kafka::Options::one_node())?);
    let cassandra = Cassandra::start(&cassandra::Options::one_node().durable())?;
    kafka.warm_up()?;
    let server: SocketAddr = cassandra.contact_points()[0].parse()?;
    let network = Proxy::before(server)?;
    let destination = Destination::table_at(&cassandra, vec![network.address().to_string()])?;
    let topic = kafka.topic("orders", 8)?;
    let scene = Scene::new(&destination.config(&kafka, &topic, ""))?;
    let feed = Feed::start(Arc::clone(&kafka), &topic, Ledger::new(200).with_a_hot_key());
    let gateway = scene.start_with_progress()?;
    gateway.wait_for_more_than(0, LONG)?;

    kafka.node(1)?.kill()?;
    thread::sleep(FAULT);
    kafka.node(1)?.start()?;
    recovers(&gateway, "the broker was killed")?;

    kafka.node(1)?.freeze()?;
    thread::sleep(FAULT);
    kafka.node(1)?.thaw()?;
    recovers(&gateway, "the broker was frozen")?;

    cassandra.node(1)?.kill()?;
    thread::sleep(FAULT);
    cassandra.node(1)?.start()?;
    recovers(&gateway, "Cassandra was killed")?;

    cassandra.node(1)?.freeze()?;
    thread::sleep(FAULT);
    cassandra.node(1)?.thaw()?;
    recovers(&gateway, "Cassandra was frozen")?;

    network.delay(Duration::from_millis(100));
    thread::sleep(FAULT);
    recovers(&gateway, "each write takes 200 ms")?;
    network.mend();

    network.refuse();
    thread::sleep(FAULT);
    network.mend();
    recovers(&gateway, "the connection was cut")?;

    let resident = resident_mib(&gateway)?;
    ensure!(resident < MOST_MIB, "the gateway has {resident} MiB");
    println!("the gateway has {resident} MiB in the end");
    let ledger = feed.finish()?;
    gateway.stop(LONG)?;
    scene.drain()?;
    println!("{}", destination.audit(&scene, &ledger)?);
    Ok(())
}

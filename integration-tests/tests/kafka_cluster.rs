//! Guarantees: of three Kafka servers one can be killed without a loss, leadership moves where it
//! is told, and a proxy stands in front of each.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use forebay_integration_tests::servers::kafka::{Isolation, Listener, Options};
use forebay_integration_tests::servers::{Entry, Kafka, Ledger};
use rdkafka::consumer::{BaseConsumer, Consumer};

/// Reads a topic and compares it with the ledger.
fn audit(kafka: &Kafka, topic: &str, ledger: &Ledger) -> Result<()> {
    let mut audit = ledger.audit();
    kafka.read_each(topic, Isolation::ReadUncommitted, |arrived| {
        let value = serde_json::from_slice(&arrived.value.unwrap_or_default())?;
        let entry = Entry::from_value(&value).ok_or_else(|| anyhow!("{value}"))?;
        ensure!(arrived.key.as_deref() == Some(entry.customer.as_bytes()), "{value}");
        audit.see(&entry);
        Ok(())
    })?;
    audit.findings().exactly_once()
}

#[test]
fn leadership_moves_one_is_killed_and_a_proxy_is_in_between() -> Result<()> {
    let begun = Instant::now();
    let kafka = Kafka::start(&Options::three_nodes().behind_proxies())?;
    println!("three servers are ready after {:?}", begun.elapsed());
    let topic = kafka.topic("orders", 3)?;

    let to = kafka.leaders(&topic)?[0] % 3 + 1;
    let begun = Instant::now();
    kafka.move_leadership(&topic, 0, to)?;
    println!("leadership moved after {:?}", begun.elapsed());
    ensure!(kafka.leaders(&topic)?[0] == to);

    let mut ledger = Ledger::new(50).with_a_hot_key();
    let entries = ledger.write(20_000);
    let victim = kafka.node(u16::try_from(to)?)?;
    thread::scope(|scope| {
        let producer = scope.spawn(|| kafka.produce(&topic, entries.map(|entry| entry.message())));
        victim.kill_and_start()?;
        producer.join().map_err(|_| anyhow!("the producer panicked"))?
    })?;
    audit(&kafka, &topic, &ledger)?;

    let consumer: BaseConsumer =
        kafka.client().set("bootstrap.servers", kafka.bootstrap_of(Listener::Proxied)?).create()?;
    let ask = || consumer.fetch_metadata(Some(&topic), Duration::from_secs(10));
    let metadata = ask()?;
    for broker in metadata.brokers() {
        let proxy = kafka.proxy(u16::try_from(broker.id())?)?;
        ensure!(broker.port() == i32::from(proxy.address().port()), "it is not the proxy");
    }
    for id in 1..=3 {
        kafka.proxy(id)?.delay(Duration::from_millis(100));
    }
    let begun = Instant::now();
    ask()?;
    ensure!(begun.elapsed() >= Duration::from_millis(200), "nothing was delayed");
    Ok(())
}

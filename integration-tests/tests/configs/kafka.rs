//! From and to Kafka.

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::servers::Kafka;
use forebay_integration_tests::servers::kafka::{Isolation, Message};
use forebay_integration_tests::visible;

use crate::copy::{ADMIN, Copy, stop_after};

#[test]
fn generator_to_kafka() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("orders", 4)?;
    let copy = Copy::new(
        "generator-to-kafka",
        &[
            (ADMIN, "127.0.0.1:0"),
            ("[\"127.0.0.1:9092\"]", &format!("[\"{}\"]", kafka.bootstrap())),
            ("topic = \"orders\"", &format!("topic = \"{topic}\"")),
        ],
    )?;
    stop_after(copy.start()?, 100)?;
    let arrived = kafka.read(&topic, Isolation::ReadCommitted)?;
    ensure!(arrived.len() >= 100, "{} records", arrived.len());
    let is_keyed = |value: &serde_json::Value, key: &[u8]| {
        value["customer"].as_str().is_some_and(|customer| customer.as_bytes() == key)
    };
    for record in arrived {
        let value = serde_json::from_slice(&record.value.context("a tombstone")?)?;
        ensure!(is_keyed(&value, &record.key.unwrap_or_default()), "{value}");
    }
    Ok(())
}

#[test]
fn kafka_to_files() -> Result<()> {
    let kafka = Kafka::shared()?;
    let topic = kafka.topic("orders", 3)?;
    let (brokers, topics) = (format!("{:?}", kafka.bootstrap()), format!("[\"{topic}\"]"));
    let changes = [
        (ADMIN, "127.0.0.1:0"),
        ("\"127.0.0.1:9092\"", brokers.as_str()),
        ("[\"orders\"]                 ", topics.as_str()),
    ];
    let copy = Copy::new("kafka-to-files", &changes)?;
    let order = |id: u32| {
        let text = format!(
            r#"{{"id":{id},"ts":"2026-01-31T10:00:00Z","customer":"c{id}","symbol":"ABC","quantity":3,"price":1.5,"side":"B"}}"#
        );
        Message::new(format!("c{id}"), text)
    };
    kafka.produce(&topic, (0..500).map(order))?;
    let gateway = copy.start()?;
    stop_after(gateway, 500)?;
    let orders = visible::values(&copy.data("kafka-to-files/orders"))?;
    let orders: Vec<_> = orders.iter().flat_map(|(_, values)| values).collect();
    ensure!(orders.len() == 500, "{} orders", orders.len());
    ensure!(orders[0]["timestamp"].is_string() && orders[0]["quantity"] == 3, "{}", orders[0]);
    // The lag is for other tools to see.
    let told: i64 = kafka.committed("forebay-orders", &topic)?.iter().flatten().sum();
    ensure!(told == 500, "the group was told {told}");
    Ok(())
}

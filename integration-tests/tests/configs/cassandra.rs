//! Into Cassandra.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use forebay_integration_tests::servers::kafka::Message;
use forebay_integration_tests::servers::{Cassandra, Kafka};

use crate::copy::{ADMIN, Copy, LONG};

#[test]
fn generator_to_cassandra() -> Result<()> {
    let cassandra = Cassandra::shared()?;
    let keyspace = cassandra.keyspace("config")?;
    let changes = [
        (ADMIN, "127.0.0.1:0"),
        ("127.0.0.1:9042", &*cassandra.contact_points()[0]),
        ("table = \"shop.", &*format!("table = \"{keyspace}.")),
    ];
    let copy = Copy::new("generator-to-cassandra", &changes)?;
    let gateway = copy.start()?;
    gateway.wait_for_words("there is no table", LONG)?;
    // As the file's first lines say.
    cassandra.execute(&format!(
        "CREATE TABLE {keyspace}.orders_by_customer (customer text, id bigint, ts timestamp, \
         symbol text, quantity int, price double, side text, PRIMARY KEY (customer, id))"
    ))?;
    gateway.wait_for_more_than(999, LONG)?;
    let records = {
        gateway.stop(LONG)?;
        cassandra.count(&format!("{keyspace}.orders_by_customer"))?
    };
    ensure!(records >= 1_000, "{records} orders");
    Ok(())
}

#[test]
fn kafka_to_cassandra() -> Result<()> {
    let (kafka, cassandra) = (Kafka::shared()?, Cassandra::shared()?);
    let (topic, keyspace) = (kafka.topic("config", 8)?, cassandra.keyspace("config")?);
    cassandra.execute(&format!(
        "CREATE TABLE {keyspace}.orders_by_customer (customer text, id bigint, ts timestamp, \
         symbol text, quantity int, price double, side text, PRIMARY KEY (customer, id))"
    ))?;
    let order = |id: u32| {
        let customer = format!("c-{}", id % 7);
        let value = format!(
            r#"{{"id":{id},"ts":"2026-01-31T10:00:00Z","customer":"{customer}","symbol":"ABC","quantity":3,"price":9.5,"side":"B"}}"#
        );
        Message::new(customer, value)
    };
    kafka.produce(&topic, (0..500).map(order).chain([Message::of("no order")]))?;
    let changes = [
        (ADMIN, "127.0.0.1:0"),
        ("127.0.0.1:9092", kafka.bootstrap()),
        ("[\"orders\"]\ngroup", &*format!("[\"{topic}\"]\ngroup")),
        ("127.0.0.1:9042", &*cassandra.contact_points()[0]),
        ("table = \"shop.", &*format!("table = \"{keyspace}.")),
    ];
    let copy = Copy::new("kafka-to-cassandra", &changes)?;
    let gateway = copy.start()?;
    gateway.wait_for_more_than(500, LONG)?;
    gateway.stop(LONG)?;
    let table = format!("{keyspace}.orders_by_customer");
    let rows: Vec<(i64, String, f64)> =
        cassandra.query(&format!("SELECT id, customer, price FROM {table}"))?;
    let ids: BTreeSet<i64> = rows.iter().map(|(id, ..)| *id).collect();
    ensure!(ids == (0..500).collect(), "{} orders of 500", ids.len());
    ensure!(
        rows.iter()
            .all(|(id, customer, price)| *customer == format!("c-{}", id % 7) && *price == 9.5)
    );
    Ok(())
}

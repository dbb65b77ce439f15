//! From and to Kinesis.

use anyhow::{Result, ensure};
use forebay_integration_tests::servers::kinesis::Put;
use forebay_integration_tests::servers::{DynamoDb, Kinesis};
use forebay_integration_tests::visible;

use crate::copy::{ADMIN, Copy, stop_after};

#[test]
fn generator_to_kinesis() -> Result<()> {
    let kinesis = Kinesis::shared()?;
    let stream = kinesis.stream("orders", 2)?;
    let changes = [
        (ADMIN, "127.0.0.1:0"),
        ("region = \"us-east-1\"", &*kinesis.options()),
        ("stream = \"orders\"", &*format!("stream = \"{stream}\"")),
    ];
    stop_after(Copy::new("generator-to-kinesis", &changes)?.start()?, 100)?;
    let arrived = kinesis.read(&stream)?;
    ensure!(arrived.len() >= 100, "{} records", arrived.len());
    for record in arrived {
        let value: serde_json::Value = serde_json::from_slice(&record.data)?;
        ensure!(value["customer"] == *record.key, "{value} has the key {}", record.key);
    }
    Ok(())
}

#[test]
fn kinesis_to_files() -> Result<()> {
    let kinesis = Kinesis::shared()?;
    let stream = kinesis.stream("orders", 2)?;
    let changes = [
        (ADMIN, "127.0.0.1:0"),
        ("region = \"us-east-1\"", &*kinesis.options()),
        ("stream = \"orders\"", &*format!("stream = \"{stream}\"")),
    ];
    let copy = Copy::new("kinesis-to-files", &changes)?;
    let order = |id: u32| {
        let side = if id.is_multiple_of(2) { "B" } else { "S" };
        let text = format!(
            r#"{{"id":{id},"ts":"2026-01-31T10:00:00Z","customer":"c{id}","quantity":3,"price":1.5,"side":"{side}"}}"#
        );
        Put::new(format!("c{id}"), text)
    };
    kinesis.put(&stream, (0..200).map(order))?;
    stop_after(copy.start()?, 200)?;
    let orders = visible::values(&copy.data("kinesis-to-files/orders"))?;
    let is_split = orders.iter().all(|(path, _)| path.display().to_string().contains("/side="));
    let orders: Vec<_> = orders.iter().flat_map(|(_, values)| values).collect();
    ensure!(is_split && orders.len() == 200, "{} orders", orders.len());
    ensure!(orders[0]["shard"].is_string() && orders[0]["quantity"] == 3, "{}", orders[0]);
    Ok(())
}

#[test]
fn kinesis_leases_to_files() -> Result<()> {
    let (kinesis, dynamo) = (Kinesis::shared()?, DynamoDb::shared()?);
    let (stream, table) = (kinesis.stream("orders", 2)?, dynamo.table_name("orders"));
    let endpoint = format!("table = \"{table}\"\nendpoint = \"http://{}\"", dynamo.address());
    let changes = [
        (ADMIN, "127.0.0.1:0"),
        ("region = \"us-east-1\"", &*kinesis.options()),
        ("stream = \"orders\"", &*format!("stream = \"{stream}\"")),
        ("table = \"forebay-orders\"", &*endpoint),
    ];
    let order = |id: u32| Put::new(format!("c{id}"), format!("{{\"id\":{id},\"side\":\"B\"}}"));
    kinesis.put(&stream, (0..100).map(order))?;
    let copy = Copy::new("kinesis-leases-to-files", &changes)?;
    stop_after(copy.start()?, 100)?;
    let orders = visible::values(&copy.data("kinesis-leases-to-files/orders"))?;
    ensure!(orders.iter().map(|(_, values)| values.len()).sum::<usize>() == 100, "{orders:?}");
    // The next one goes on from what the table says, wherever its checkpoint is.
    let leases = dynamo.lease_rows(&table)?;
    ensure!(leases.len() == 2 && leases.iter().all(|it| it.owner.is_none()), "{leases:?}");
    let other = Copy::new("kinesis-leases-to-files", &changes)?;
    kinesis.put(&stream, (100..110).map(order))?;
    stop_after(other.start()?, 10)?;
    let orders = visible::values(&other.data("kinesis-leases-to-files/orders"))?;
    ensure!(orders.iter().map(|(_, values)| values.len()).sum::<usize>() == 10, "{orders:?}");
    Ok(())
}

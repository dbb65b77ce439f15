//! Guarantees: a Cassandra server starts from its jars, takes and gives rows, and has what it
//! acknowledged after it was killed, if it was told to.

use std::time::Instant;

use anyhow::{Result, ensure};
use forebay_integration_tests::servers::Cassandra;
use forebay_integration_tests::servers::cassandra::Options;

/// Makes a table in a keyspace of its own, and says its name.
fn table(cassandra: &Cassandra) -> Result<String> {
    let table = format!("{}.orders", cassandra.keyspace("shop")?);
    cassandra.execute(&format!("CREATE TABLE {table} (id int PRIMARY KEY, text text)"))?;
    Ok(table)
}

fn insert(cassandra: &Cassandra, table: &str, numbers: std::ops::Range<i32>) -> Result<()> {
    for number in numbers {
        let row = format!("INSERT INTO {table} (id, text) VALUES ({number}, 'row {number}')");
        cassandra.execute(&row)?;
    }
    Ok(())
}

/// Expects the rows of these numbers and no others.
fn expect(cassandra: &Cassandra, table: &str, numbers: std::ops::Range<i32>) -> Result<()> {
    let mut rows = cassandra.query::<(i32, String)>(&format!("SELECT id, text FROM {table}"))?;
    rows.sort();
    let expected: Vec<_> = numbers.map(|number| (number, format!("row {number}"))).collect();
    ensure!(rows == expected, "{rows:?}");
    Ok(())
}

#[test]
fn what_was_written_is_read_until_it_is_removed() -> Result<()> {
    let cassandra = Cassandra::shared()?;
    let table = table(cassandra)?;
    insert(cassandra, &table, 0..200)?;
    expect(cassandra, &table, 0..200)?;
    ensure!(cassandra.count(&table)? == 200);
    cassandra.truncate(&table)?;
    expect(cassandra, &table, 0..0)?;
    let keyspace = table.split('.').next().unwrap_or_default();
    cassandra.drop_keyspace(keyspace)?;
    ensure!(cassandra.count(&table).is_err());
    Ok(())
}

#[test]
fn it_is_stopped_killed_frozen_and_started_on_the_same_data() -> Result<()> {
    let begun = Instant::now();
    let cassandra = Cassandra::start(&Options::one_node().durable())?;
    println!("ready after {:?}", begun.elapsed());
    let (node, table) = (cassandra.node(1)?, table(&cassandra)?);
    insert(&cassandra, &table, 0..100)?;
    let begun = Instant::now();
    node.kill_and_start()?;
    println!("ready {:?} after it was killed", begun.elapsed());
    expect(&cassandra, &table, 0..100)?;
    node.freeze()?;
    node.thaw()?;
    insert(&cassandra, &table, 100..110)?;
    let begun = Instant::now();
    node.stop()?;
    println!("stopped after {:?}", begun.elapsed());
    ensure!(cassandra.session().is_err());
    node.start()?;
    expect(&cassandra, &table, 0..110)
}

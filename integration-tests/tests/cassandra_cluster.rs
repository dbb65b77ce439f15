//! Guarantees: of three Cassandra servers one can be away for a quorum, and one server can be made
//! to fail, to push back, and to ask for a password and a certificate.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use forebay_integration_tests::servers::cassandra::Options;
use forebay_integration_tests::servers::{Authority, Cassandra, Entry};
use forebay_integration_tests::wait;

const LONG: Duration = Duration::from_secs(120);

#[test]
fn one_of_three_is_away() -> Result<()> {
    let begun = Instant::now();
    let cassandra = Cassandra::start(&Options::three_nodes())?;
    println!("three servers are ready after {:?}", begun.elapsed());
    let table = format!("{}.orders", cassandra.keyspace("shop")?);
    cassandra.execute(&format!("CREATE TABLE {table} ({})", Entry::CQL))?;
    let insert = |number| {
        cassandra.execute(&format!(
            "INSERT INTO {table} (customer, number) VALUES ('customer', {number})"
        ))
    };
    insert(1)?;
    cassandra.node(3)?.kill()?;
    // Until the others notice, they wait for it now and then.
    let both = || Ok((insert(2).is_ok() && cassandra.count(&table).ok() == Some(2)).then_some(()));
    wait::until("a quorum of two", LONG, both)?;
    cassandra.node(3)?.start()?;
    wait::until("all three", LONG, both)
}

#[test]
fn it_asks_who_comes_and_fails_for_one_keyspace() -> Result<()> {
    let authority = Authority::new()?;
    let options = Options::one_node().with_tls(&authority)?.with_password().failing_for("broken");
    let cassandra = Cassandra::start(&options)?;
    for (keyspace, well) in [("broken", false), ("whole", true)] {
        cassandra.create_keyspace(keyspace)?;
        let table = format!("{keyspace}.orders");
        cassandra.execute(&format!("CREATE TABLE {table} ({})", Entry::CQL))?;
        let row = format!("INSERT INTO {table} (customer, number) VALUES ('customer', 1)");
        let written = cassandra.execute(&row);
        ensure!(written.is_ok() == well, "{keyspace}: {written:?}");
    }
    Ok(())
}

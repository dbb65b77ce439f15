//! Guarantees: a role, a table or a topic that is not there yet at the start is waited for, with
//! words that say so, and nothing is lost when it comes.

use anyhow::Result;
use forebay_integration_tests::Scene;
use forebay_integration_tests::servers::{
    Cassandra, Destination, Entry, Kafka, Ledger, cassandra, name,
};

use super::recovery::LONG;

const RECORDS: u64 = 2_000;

#[test]
fn what_is_missing_at_the_start_is_waited_for() -> Result<()> {
    let kafka = Kafka::shared()?;
    let cassandra = Cassandra::start(&cassandra::Options::one_node().with_password())?;
    let (topic, keyspace) = (name::unique("late"), cassandra.keyspace("late")?);
    let table = format!("{keyspace}.orders");
    let hosts = cassandra.contact_points().to_vec();
    let destination = Destination::Table(&cassandra, table.clone(), hosts);
    let login = "[sinks.out]\nusername = \"writer\"\npassword = \"of-orders\"";
    let source = "discover_interval = \"1s\"";
    let config = destination.config(kafka, &topic, source).replace("[sinks.out]", login);
    let scene = Scene::new(&config)?;

    let gateway = scene.start_with_progress()?;
    gateway.wait_for_words("the username or the password is wrong", LONG)?;
    cassandra.execute("CREATE ROLE writer WITH PASSWORD = 'of-orders' AND LOGIN = true")?;
    gateway.wait_for_words("there is no table", LONG)?;
    cassandra.execute(&format!("CREATE TABLE {table} ({})", Entry::CQL))?;
    cassandra.execute(&format!("GRANT MODIFY ON {table} TO writer"))?;

    gateway.wait_for_words(&topic, LONG)?;
    let mut ledger = Ledger::new(50);
    let entries = ledger.write(RECORDS);
    kafka.create_topic(&topic, 2, &[])?;
    kafka.produce(&topic, entries.map(|entry| entry.message()))?;
    gateway.wait_for_more_than(RECORDS - 1, LONG)?;
    gateway.stop(LONG)?;
    println!("{}", destination.audit(&scene, &ledger)?);
    Ok(())
}

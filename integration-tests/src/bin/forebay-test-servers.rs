//! Brings the servers of the tests into the cache, so that no test waits for them; with `up`, also
//! starts a Kafka and a Cassandra to try things on, until it is ended.

use std::env;
use std::io::{self, Read as _};

use anyhow::{Result, bail};
use forebay_integration_tests::servers::{
    Cassandra, DynamoDb, FlumeAgent, Kafka, KclWorker, Kinesis, Registry, cassandra, kafka,
};

/// Memory for each server's heap, in MiB: what they are given by the tests is enough for tests.
const HEAP: u32 = 1024;

fn main() -> Result<()> {
    match env::args().nth(1).as_deref() {
        None => fetch(),
        Some("up") => up(),
        Some(other) => bail!("there is no `{other}`: without a word it fetches; `up` starts"),
    }
}

fn fetch() -> Result<()> {
    Kafka::fetch()?;
    Cassandra::fetch()?;
    Registry::fetch()?;
    FlumeAgent::fetch()?;
    Kinesis::fetch()?;
    DynamoDb::fetch()?;
    KclWorker::fetch()
}

#[expect(clippy::print_stdout, reason = "where they are is what is asked for")]
fn up() -> Result<()> {
    let kafka = Kafka::start(&kafka::Options::one_node().heap_mib(HEAP))?;
    println!("Kafka at {}", kafka.bootstrap());
    let cassandra = Cassandra::start(&cassandra::Options::one_node().heap_mib(HEAP))?;
    println!("Cassandra at {}", cassandra.contact_points().join(","));
    println!("They run, and keep what they are given, until Ctrl-D or Ctrl-C.");
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

//! Brings the servers of the tests into the cache, so that no test waits for them; with `up`, also
//! starts some to try things on, until it is ended: a Kafka and a Cassandra, or those that are named.

use std::any::Any;
use std::env;
use std::io::{self, Read as _};

use anyhow::{Result, bail};
use forebay_integration_tests::servers::{
    Cassandra, DynamoDb, FlumeAgent, Kafka, KclWorker, Kinesis, Registry, cassandra, kafka,
};

/// Memory for each server's heap, in MiB: what they are given by the tests is enough for tests.
const HEAP: u32 = 1024;

fn main() -> Result<()> {
    let words: Vec<String> = env::args().skip(1).collect();
    match words.split_first() {
        None => fetch(),
        Some((up, [])) if up == "up" => start(&["kafka".to_owned(), "cassandra".to_owned()]),
        Some((up, names)) if up == "up" => start(names),
        Some((other, _)) => bail!("there is no `{other}`: without a word it fetches; `up` starts"),
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
fn start(names: &[String]) -> Result<()> {
    // Each ends when it is dropped.
    let mut running: Vec<Box<dyn Any>> = Vec::new();
    for name in names {
        match name.as_str() {
            "kafka" => {
                let kafka = Kafka::start(&kafka::Options::one_node().heap_mib(HEAP))?;
                println!("Kafka at {}", kafka.bootstrap());
                running.push(Box::new(kafka));
            }
            "cassandra" => {
                let options = cassandra::Options::one_node().heap_mib(HEAP);
                let cassandra = Cassandra::start(&options)?;
                println!("Cassandra at {}", cassandra.contact_points().join(","));
                running.push(Box::new(cassandra));
            }
            "kinesis" => {
                let kinesis = Kinesis::start()?;
                println!("Kinesis at http://{}, with any keys", kinesis.address());
                running.push(Box::new(kinesis));
            }
            other => bail!("there is no server `{other}`: kafka, cassandra and kinesis are"),
        }
    }
    println!("They run, and keep what they are given, until Ctrl-D or Ctrl-C.");
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

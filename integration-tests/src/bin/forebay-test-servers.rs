//! Brings the servers of the tests into the cache, so that no test waits for them.

use anyhow::Result;
use forebay_integration_tests::servers::{
    Cassandra, DynamoDb, FlumeAgent, Kafka, Kinesis, Registry,
};

fn main() -> Result<()> {
    Kafka::fetch()?;
    Cassandra::fetch()?;
    Registry::fetch()?;
    FlumeAgent::fetch()?;
    Kinesis::fetch()?;
    DynamoDb::fetch()
}

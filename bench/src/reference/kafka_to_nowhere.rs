//! Kafka to nowhere: a bare poll loop.

use anyhow::{Context, Result, ensure};
use rdkafka::message::Message;

use super::kafka::{PATIENCE, consumer};

/// Polls so many records and looks at their bytes.
pub(super) fn run(brokers: &str, topic: &str, records: u64) -> Result<()> {
    let consumer = consumer(brokers, topic)?;
    let (mut seen, mut bytes) = (0, 0);
    while seen < records {
        let record = consumer.poll(PATIENCE).context("no record came")??;
        seen += 1;
        bytes += record.payload().map_or(0, <[u8]>::len);
    }
    ensure!(bytes > 0, "the records are empty");
    Ok(())
}

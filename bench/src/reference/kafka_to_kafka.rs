//! Kafka to Kafka: a bare loop that polls a record and sends it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rdkafka::client::ClientContext;
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};

use super::kafka::{PATIENCE, client, consumer, send};

struct Counting(std::sync::atomic::AtomicU64);

impl ClientContext for Counting {}

impl ProducerContext for Counting {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_ok() {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }
}

/// Moves so many records from one topic to another: order per key is kept, all replicas
/// acknowledge, and each report is counted.
pub(super) fn run(brokers: &str, from: &str, to: &str, records: u64) -> Result<()> {
    let consumer = consumer(brokers, from)?;
    let producer: BaseProducer<Counting> = client(brokers)
        .set("enable.idempotence", "true")
        .set("partitioner", "murmur2_random")
        .set("linger.ms", "5")
        .create_with_context(Counting(0.into()))?;
    for moved in 0..records {
        let message = consumer.poll(PATIENCE).context("no record came")??;
        let mut record = BaseRecord::to(to);
        record.key = message.key();
        record.payload = message.payload();
        send(&producer, record, Duration::from_millis(1))?;
        if moved % 1_000 == 0 {
            producer.poll(Duration::ZERO);
        }
    }
    producer.flush(PATIENCE)?;
    let written = producer.context().0.load(std::sync::atomic::Ordering::Relaxed);
    ensure!(written == records, "{written} of {records} were written");
    Ok(())
}

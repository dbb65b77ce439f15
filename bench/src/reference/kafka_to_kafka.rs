//! Kafka to Kafka: a bare loop that polls a record and sends it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::kafka::{PARTITIONS, client};

const PATIENCE: Duration = Duration::from_secs(60);

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
    let consumer: BaseConsumer = client(brokers)
        .set("group.id", "bench")
        .set("enable.auto.commit", "false")
        .set("fetch.queue.backoff.ms", "10")
        .create()?;
    let mut list = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        list.add_partition_offset(from, partition, Offset::Beginning)?;
    }
    consumer.assign(&list)?;
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
        loop {
            match producer.send(record) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    producer.poll(Duration::from_millis(1));
                    record = back;
                }
                Err((error, _)) => return Err(error).context("a record cannot be sent"),
            }
        }
        if moved % 1_000 == 0 {
            producer.poll(Duration::ZERO);
        }
    }
    producer.flush(PATIENCE)?;
    let written = producer.context().0.load(std::sync::atomic::Ordering::Relaxed);
    ensure!(written == records, "{written} of {records} were written");
    Ok(())
}

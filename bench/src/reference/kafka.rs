//! Kafka without Forebay: topics, a consumer at their beginning, and a producer that waits for room.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::input;

/// Partitions of the topic.
pub(crate) const PARTITIONS: i32 = 8;

pub(super) const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn client(brokers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("log_level", "2");
    config
}

fn wait<T>(future: impl Future<Output = T>) -> Result<T> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(future))
}

/// Makes a topic without records, and says its name.
pub(crate) fn create(brokers: &str) -> Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let topic = format!("bench-{now}");
    let admin: AdminClient<DefaultClientContext> = client(brokers).create()?;
    let new = NewTopic::new(&topic, PARTITIONS, TopicReplication::Fixed(-1));
    let made = wait(admin.create_topics([&new], &AdminOptions::new()))??;
    for answer in made {
        answer.map_err(|(topic, code)| anyhow!("{topic}: {code}"))?;
    }
    Ok(topic)
}

/// Makes a topic of orders, and says its name.
pub(crate) fn fill(brokers: &str, records: u64) -> Result<String> {
    let topic = create(brokers)?;
    let producer: BaseProducer = client(brokers)
        .set("enable.idempotence", "true")
        .set("linger.ms", "20")
        .set("batch.num.messages", "10000")
        .create()?;
    for number in 0..records {
        let value = input::order(number);
        let key = format!("c{}", number % 10_000);
        let partition = i32::try_from(number % u64::try_from(PARTITIONS)?)?;
        let record = BaseRecord::to(&topic)
            .key(key.as_bytes())
            .payload(value.as_slice())
            .partition(partition);
        send(&producer, record, Duration::from_millis(20))?;
    }
    producer.flush(PATIENCE)?;
    Ok(topic)
}

/// Deletes the topic.
pub(crate) fn delete(brokers: &str, topic: &str) -> Result<()> {
    let admin: AdminClient<DefaultClientContext> = client(brokers).create()?;
    wait(admin.delete_topics(&[topic], &AdminOptions::new()))??;
    Ok(())
}

/// A consumer at the beginning of all partitions of a topic.
pub(super) fn consumer(brokers: &str, topic: &str) -> Result<BaseConsumer> {
    let consumer: BaseConsumer = client(brokers)
        .set("group.id", "bench")
        .set("enable.auto.commit", "false")
        .set("fetch.queue.backoff.ms", "10")
        .create()?;
    let mut list = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        list.add_partition_offset(topic, partition, Offset::Beginning)?;
    }
    consumer.assign(&list)?;
    Ok(consumer)
}

/// Hands a record over; where the queue is full, serves reports for so long before it tries again.
pub(super) fn send<C: ProducerContext<DeliveryOpaque = ()>>(
    producer: &BaseProducer<C>,
    mut record: BaseRecord<'_, [u8], [u8]>,
    pause: Duration,
) -> Result<()> {
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                producer.poll(pause);
                record = back;
            }
            Err((error, _)) => return Err(error).context("a record cannot be sent"),
        }
    }
}

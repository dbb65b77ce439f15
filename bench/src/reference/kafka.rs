//! Kafka to nowhere: a bare poll loop.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow, ensure};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::input;

/// Partitions of the topic.
pub(crate) const PARTITIONS: i32 = 8;

const PATIENCE: Duration = Duration::from_secs(60);

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
        let mut record = BaseRecord::to(&topic).key(&key).payload(&value).partition(partition);
        loop {
            match producer.send(record) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    producer.poll(Duration::from_millis(20));
                    record = back;
                }
                Err((error, _)) => return Err(error).context("a record cannot be sent"),
            }
        }
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

/// Polls so many records and looks at their bytes.
pub(crate) fn run(brokers: &str, topic: &str, records: u64) -> Result<()> {
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
    let (mut seen, mut bytes) = (0, 0);
    while seen < records {
        let record = consumer.poll(PATIENCE).context("no record came")??;
        seen += 1;
        bytes += record.payload().map_or(0, <[u8]>::len);
    }
    ensure!(bytes > 0, "the records are empty");
    Ok(())
}

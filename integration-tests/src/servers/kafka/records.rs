//! Records: written and read back by clients that know nothing of Forebay.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rdkafka::ClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{
    BorrowedMessage, DeliveryResult, Header, Headers, Message as _, OwnedHeaders,
};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::cluster::Kafka;
use super::topics::LONG;
use crate::servers::name;
use crate::wait;

/// A record to write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The partition, or the one that the key says.
    pub partition: Option<i32>,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The value; none is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Milliseconds since 1970, or the time of writing.
    pub timestamp: Option<i64>,
    /// Names and values, in order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Message {
    /// A record with a key and a value.
    #[must_use]
    pub fn new(key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        Self { key: Some(key.into()), value: Some(value.into()), ..Self::default() }
    }

    /// A record without a key.
    #[must_use]
    pub fn of(value: impl Into<Vec<u8>>) -> Self {
        Self { value: Some(value.into()), ..Self::default() }
    }

    /// The record, for this partition.
    #[must_use]
    pub fn at(mut self, partition: i32) -> Self {
        self.partition = Some(partition);
        self
    }
}

/// A record that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// The partition.
    pub partition: i32,
    /// Its place there.
    pub offset: i64,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The value.
    pub value: Option<Vec<u8>>,
    /// Milliseconds since 1970.
    pub timestamp: Option<i64>,
    /// Names and values, in order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

/// Which records are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Also those of transactions that were aborted or are open.
    ReadUncommitted,
    /// Only those of transactions that were committed, and those outside of any.
    ReadCommitted,
}

/// Keeps the first delivery that failed.
#[derive(Clone, Debug, Default)]
struct Deliveries(Arc<Mutex<Option<KafkaError>>>);

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert_with(|| error.clone());
        }
    }
}

impl Kafka {
    /// Writes records, in order, each once, and waits until all are acknowledged by all replicas
    /// that are in sync. Keys go to the partitions that Java's client would choose.
    ///
    /// # Errors
    /// If one is not acknowledged within two minutes.
    pub fn produce(&self, topic: &str, messages: impl IntoIterator<Item = Message>) -> Result<()> {
        let deliveries = Deliveries::default();
        let producer: BaseProducer<Deliveries> = self
            .client()
            .set("enable.idempotence", "true")
            .set("partitioner", "murmur2_random")
            .set("linger.ms", "5")
            .set("message.timeout.ms", "120000")
            .create_with_context(deliveries.clone())?;
        for message in messages {
            send(&producer, topic, &message)?;
        }
        producer.flush(Duration::from_secs(120))?;
        let first = deliveries.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        first.map_or(Ok(()), Err).with_context(|| format!("not all of {topic} is acknowledged"))
    }

    /// Reads all that is in a topic now, partition by partition, each in order.
    ///
    /// # Errors
    /// If the cluster does not answer.
    pub fn read(&self, topic: &str, isolation: Isolation) -> Result<Vec<Arrived>> {
        let mut found = Vec::new();
        self.read_each(topic, isolation, |arrived| {
            found.push(arrived);
            Ok(())
        })?;
        found.sort_by_key(|arrived| (arrived.partition, arrived.offset));
        Ok(found)
    }

    /// Reads all that is in a topic now and hands over each record, in order within a partition.
    ///
    /// # Errors
    /// If the cluster does not answer, or `take` fails.
    pub fn read_each(
        &self,
        topic: &str,
        isolation: Isolation,
        mut take: impl FnMut(Arrived) -> Result<()>,
    ) -> Result<()> {
        let level = match isolation {
            Isolation::ReadCommitted => "read_committed",
            Isolation::ReadUncommitted => "read_uncommitted",
        };
        let consumer: BaseConsumer = self
            .client()
            .set("group.id", name::unique("oracle"))
            .set("isolation.level", level)
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            .set("auto.offset.reset", "error")
            .create()?;
        let partitions = i32::try_from(self.leaders(topic)?.len())?;
        ensure!(partitions > 0, "there is no topic {topic}");
        let mut assignment = TopicPartitionList::new();
        for partition in 0..partitions {
            assignment.add_partition_offset(topic, partition, Offset::Beginning)?;
        }
        consumer.assign(&assignment)?;
        let mut open: BTreeSet<i32> = (0..partitions).collect();
        let mut heard = Instant::now();
        while !open.is_empty() {
            match consumer.poll(wait::PAUSE) {
                Some(Ok(message)) => take(Arrived::of(&message))?,
                // For `read_committed`, the end is the first record of an open transaction.
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    open.remove(&partition);
                }
                Some(Err(KafkaError::MessageConsumption(
                    RDKafkaErrorCode::BrokerTransportFailure | RDKafkaErrorCode::AllBrokersDown,
                ))) => {}
                Some(Err(error)) => bail!("{topic} cannot be read: {error}"),
                None if heard.elapsed() > LONG => bail!("{topic}: nothing came for {LONG:?}"),
                None => continue,
            }
            heard = Instant::now();
        }
        Ok(())
    }

    /// The offset behind the last record of each partition. Transactions take offsets of their own.
    ///
    /// # Errors
    /// If the cluster does not answer.
    pub fn end_offsets(&self, topic: &str) -> Result<Vec<i64>> {
        let consumer: BaseConsumer = self.client().create()?;
        let partitions = i32::try_from(self.leaders(topic)?.len())?;
        let end = |partition| Ok(consumer.fetch_watermarks(topic, partition, LONG)?.1);
        (0..partitions).map(end).collect()
    }

    /// The offsets that a group has committed for each partition; none where it has not.
    ///
    /// # Errors
    /// If the cluster does not answer.
    pub fn committed(&self, group: &str, topic: &str) -> Result<Vec<Option<i64>>> {
        let consumer: BaseConsumer = self.client().set("group.id", group).create()?;
        let mut asked = TopicPartitionList::new();
        let partitions = i32::try_from(self.leaders(topic)?.len())?;
        for partition in 0..partitions {
            asked.add_partition(topic, partition);
        }
        let answer = consumer.committed_offsets(asked, LONG)?;
        let offset = |partition| match answer.find_partition(topic, partition)?.offset() {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        };
        Ok((0..partitions).map(offset).collect())
    }

    /// Has the cluster make what it makes for its first group and its first transaction, which
    /// takes one to three seconds.
    ///
    /// # Errors
    /// If the cluster does not answer.
    pub fn warm_up(&self) -> Result<()> {
        let topic = self.topic("warm_up", 1)?;
        let producer: BaseProducer =
            self.client().set("transactional.id", name::unique("warm_up")).create()?;
        producer.init_transactions(LONG)?;
        let consumer: BaseConsumer = self
            .client()
            .set("group.id", name::unique("warm_up"))
            .set("enable.auto.commit", "false")
            .create()?;
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset(&topic, 0, Offset::Offset(0))?;
        wait::until("the coordinator of groups", LONG, || {
            Ok(consumer.commit(&offsets, CommitMode::Sync).ok())
        })
    }
}

fn send(producer: &BaseProducer<Deliveries>, topic: &str, message: &Message) -> Result<()> {
    let mut record = BaseRecord::<[u8], [u8]>::to(topic);
    record.partition = message.partition;
    record.key = message.key.as_deref();
    record.payload = message.value.as_deref();
    record.timestamp = message.timestamp;
    if !message.headers.is_empty() {
        let mut headers = OwnedHeaders::new();
        for (key, value) in &message.headers {
            headers = headers.insert(Header { key, value: value.as_ref() });
        }
        record.headers = Some(headers);
    }
    loop {
        match producer.send(record) {
            Ok(()) => break,
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                producer.poll(Duration::from_millis(50));
                record = back;
            }
            Err((error, _)) => return Err(error).context("a record cannot be sent"),
        }
    }
    producer.poll(Duration::ZERO);
    Ok(())
}

impl Arrived {
    fn of(message: &BorrowedMessage<'_>) -> Self {
        let headers = message.headers().map(|headers| {
            let named = |header: Header<'_, &[u8]>| {
                (header.key.to_owned(), header.value.map(<[u8]>::to_vec))
            };
            headers.iter().map(named).collect()
        });
        Self {
            partition: message.partition(),
            offset: message.offset(),
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            timestamp: message.timestamp().to_millis(),
            headers: headers.unwrap_or_default(),
        }
    }
}

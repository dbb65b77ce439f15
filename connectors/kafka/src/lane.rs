//! The queue of one partition, and where it stands.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{Message, OwnedMessage};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::context::{Context, Kafka, Signals, take_end};
use crate::filling::{Portion, Stop};
use crate::partition::Partition;

/// How long a seek may take.
const SEEK_TIMEOUT: Duration = Duration::from_secs(5);

/// What is fetched of one partition.
pub(crate) struct Lane {
    pub(crate) partition: Partition,
    consumer: Arc<Kafka>,
    /// Whether something came into the queue since it was last found empty.
    news: Arc<AtomicBool>,
    tap: Mutex<Tap>,
}

/// The end of the queue from which records are taken.
pub(crate) struct Tap {
    queue: PartitionQueue<Context>,
    /// The offset from which the queue goes on, the held record included; none after a fault.
    at: Option<i64>,
    /// A record that was taken from the queue and did not fit.
    held: Option<OwnedMessage>,
}

/// Why a partition cannot be read now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The offset is not there.
    OutOfRange,
    /// Something else that may pass.
    Other(String),
}

impl Tap {
    /// Makes the next reading begin with a seek.
    pub(crate) fn forget(&mut self) {
        self.held = None;
        self.at = None;
    }
}

impl Lane {
    /// Sets up the queue, before the partition is assigned from offset `at` on.
    pub(crate) fn new(
        consumer: &Arc<Kafka>,
        signals: &Arc<Signals>,
        partition: Partition,
        at: i64,
    ) -> Result<Arc<Self>, String> {
        let queue = consumer.split_partition_queue(&partition.topic, partition.number);
        let mut queue =
            queue.ok_or_else(|| format!("librdkafka has no queue for `{partition}`"))?;
        let news = Arc::new(AtomicBool::new(true));
        let (flag, signals) = (Arc::clone(&news), Arc::clone(signals));
        queue.set_nonempty_callback(move || {
            flag.store(true, Ordering::Release);
            signals.bell.ring();
        });
        let tap = Mutex::new(Tap { queue, at: Some(at), held: None });
        Ok(Arc::new(Self { partition, consumer: Arc::clone(consumer), news, tap }))
    }

    /// Whether the queue may have something.
    pub(crate) fn has_news(&self) -> bool {
        self.news.load(Ordering::Acquire)
    }

    pub(crate) fn tap(&self) -> MutexGuard<'_, Tap> {
        self.tap.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the queue go on at an offset.
    pub(crate) fn turn_to(&self, tap: &mut Tap, offset: i64) -> Result<(), Fault> {
        if tap.at == Some(offset) {
            return Ok(());
        }
        tap.held = None;
        tap.at = None;
        let (topic, number) = (&*self.partition.topic, self.partition.number);
        let sought = self.consumer.seek(topic, number, Offset::Offset(offset), SEEK_TIMEOUT);
        if let Err(error) = sought {
            tracing::debug!(partition = %self.partition, offset, %error, "seeking failed; assigning anew");
            self.assign_anew(offset).map_err(|error| Fault::Other(error.to_string()))?;
        }
        self.news.store(true, Ordering::Release);
        tap.at = Some(offset);
        Ok(())
    }

    /// What helps where a partition is not fetched any more, so that it cannot be sought.
    fn assign_anew(&self, offset: i64) -> Result<(), KafkaError> {
        let mut list = TopicPartitionList::with_capacity(1);
        let (topic, number) = (&*self.partition.topic, self.partition.number);
        list.add_partition_offset(topic, number, Offset::Offset(offset))?;
        self.consumer.incremental_unassign(&list)?;
        self.consumer.incremental_assign(&list)
    }

    /// Takes what is in the queue, as far as the portion goes; says whether something was taken.
    pub(crate) fn take(&self, tap: &mut Tap, portion: &mut Portion) -> Result<bool, Fault> {
        let before = portion.next();
        let result = self.take_all(tap, portion);
        tap.at = match &result {
            Ok(()) => Some(portion.next()),
            Err(_) => None,
        };
        result.map(|()| portion.next() != before)
    }

    fn take_all(&self, tap: &mut Tap, portion: &mut Portion) -> Result<(), Fault> {
        if let Some(held) = tap.held.take()
            && portion.offer(&held) == Stop::Before
        {
            tap.held = Some(held);
            return Ok(());
        }
        while !portion.is_full() {
            match tap.queue.poll(Duration::ZERO) {
                None => {
                    // Cleared first, so that what comes in between is not overlooked.
                    if self.news.swap(false, Ordering::AcqRel) {
                        continue;
                    }
                    return Ok(());
                }
                Some(Ok(record)) => {
                    // What was fetched before a seek.
                    if record.offset() < portion.next() {
                        continue;
                    }
                    if portion.offer(&record) == Stop::Before {
                        tap.held = Some(record.detach());
                        return Ok(());
                    }
                }
                Some(Err(KafkaError::PartitionEOF(_))) => portion.reached_end(take_end()),
                Some(Err(error)) => {
                    if let Some(fault) = fault(&error) {
                        return Err(fault);
                    }
                    tracing::debug!(partition = %self.partition, %error, "fetching goes on after an error");
                }
            }
        }
        Ok(())
    }
}

/// What an error in a queue means; librdkafka goes on by itself after those that are none.
fn fault(error: &KafkaError) -> Option<Fault> {
    match error.rdkafka_error_code()? {
        Code::AutoOffsetReset | Code::OffsetOutOfRange => Some(Fault::OutOfRange),
        Code::UnknownTopic
        | Code::UnknownPartition
        | Code::UnknownTopicOrPartition
        | Code::TopicAuthorizationFailed
        | Code::BadMessage
        | Code::InvalidMessage
        | Code::MessageSizeTooLarge => Some(Fault::Other(error.to_string())),
        _ => None,
    }
}

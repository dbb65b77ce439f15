//! What librdkafka tells the consumer, and who hears it.

use std::cell::Cell;
use std::collections::VecDeque;
use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use forebay_clients::kafka::ClientEvents;
use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::statistics::Statistics;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;

use crate::bell::Bell;
use crate::partition::Partition;
use crate::topic_ids::TopicIds;

pub(crate) type Kafka = BaseConsumer<Context>;

/// How long the brokers may be silent before that is called a trouble.
const SILENCE: Duration = Duration::from_secs(3);

/// What the threads of a source have in common.
#[derive(Default)]
pub(crate) struct Signals {
    /// Rung when records or changes came.
    pub(crate) bell: Bell,
    /// Rung when the consumer has events to serve.
    pub(crate) events: Bell,
    /// Whether there may be events that nobody served yet.
    pub(crate) has_events: AtomicBool,
    /// Held while events are served.
    pub(crate) serving: Mutex<()>,
    /// The source ends.
    pub(crate) closing: AtomicBool,
    rebalances: Mutex<VecDeque<Rebalance>>,
    ids: Mutex<TopicIds>,
    health: Mutex<Health>,
}

/// What the group wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rebalance {
    /// These partitions are ours now.
    Assign(Vec<Partition>),
    /// These partitions are to go; `lost` if they are gone already.
    Revoke { partitions: Vec<Partition>, lost: bool },
}

#[derive(Debug, Default)]
struct Health {
    silent_since: Option<Instant>,
    fatal: Option<String>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Signals {
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    pub(crate) fn next_rebalance(&self) -> Option<Rebalance> {
        lock(&self.rebalances).pop_front()
    }

    pub(crate) fn ids(&self) -> MutexGuard<'_, TopicIds> {
        lock(&self.ids)
    }

    /// Notes whether brokers answer.
    pub(crate) fn heard(&self, answers: bool) {
        let mut health = lock(&self.health);
        match answers {
            true => health.silent_since = None,
            false => {
                health.silent_since.get_or_insert_with(Instant::now);
            }
        }
    }

    /// Whether brokers have not answered for a while.
    pub(crate) fn is_silent(&self) -> bool {
        lock(&self.health).silent_since.is_some_and(|since| since.elapsed() > SILENCE)
    }

    /// Why the consumer cannot go on and has to be made anew.
    pub(crate) fn fatal(&self) -> Option<String> {
        lock(&self.health).fatal.clone()
    }

    pub(crate) fn fail(&self, reason: String) {
        lock(&self.health).fatal.get_or_insert(reason);
        self.bell.ring();
    }

    /// Serves all events of the consumer that came before this call.
    pub(crate) fn serve(&self, consumer: &Kafka) {
        if !self.has_events.load(Ordering::Acquire) && self.serving.try_lock().is_ok() {
            return;
        }
        let _serving = lock(&self.serving);
        self.has_events.store(false, Ordering::Release);
        loop {
            let started = Instant::now();
            if let Some(Ok(stray)) = consumer.poll(Duration::from_millis(1)) {
                // Cannot be: each partition has its queue before anything is fetched for it.
                use rdkafka::Message;
                self.fail(format!(
                    "a record of `{}-{}` came outside of its queue",
                    stray.topic(),
                    stray.partition()
                ));
            }
            // An event ends the call at once; one that waited has seen the queue empty.
            if started.elapsed() >= Duration::from_millis(1) {
                return;
            }
        }
    }
}

/// The context of the consumer.
pub(crate) struct Context {
    pub(crate) events: Arc<ClientEvents>,
    pub(crate) signals: Arc<Signals>,
}

thread_local! {
    /// Where the end of a partition was reached, as the event says that this thread is served.
    static END: Cell<Option<i64>> = const { Cell::new(None) };
}

/// Where the end of a partition was reached, right after a poll of this thread said that it was.
pub(crate) fn take_end() -> Option<i64> {
    END.take()
}

/// Reads the offset out of librdkafka's text: `... reached end of partition at offset 17 (...)`.
fn end_offset(reason: &str) -> Option<i64> {
    let (_, offset) = reason.split_once("end of partition at offset ")?;
    offset.split(' ').next()?.parse().ok()
}

impl ClientContext for Context {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        if facility == "METADATA" && self.signals.ids().hear(text) {
            self.signals.bell.ring();
        }
        self.events.log(level, facility, text);
    }

    fn stats(&self, _: Statistics) {}

    fn error(&self, error: KafkaError, reason: &str) {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::PartitionEOF) => END.set(end_offset(reason)),
            // The reader of the partition deals with it.
            Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => {}
            Some(RDKafkaErrorCode::Fatal | RDKafkaErrorCode::FencedInstanceId) => {
                self.signals.fail(reason.to_owned());
                self.events.error(error, reason);
            }
            _ => self.events.error(error, reason),
        }
    }

    fn generate_oauth_token(&self, config: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        self.events.generate_oauth_token(config)
    }
}

impl ConsumerContext for Context {
    /// Only takes notice: partitions are assigned when it is known where they stand, and
    /// unassigned when all that was read of them is committed.
    fn rebalance(&self, consumer: &Kafka, error: RDKafkaRespErr, list: &mut TopicPartitionList) {
        if self.signals.is_closing() {
            if let Err(error) = consumer.unassign() {
                tracing::debug!(%error, "partitions could not be unassigned at the end");
            }
            return;
        }
        let partitions =
            list.elements().iter().map(|it| Partition::new(it.topic(), it.partition())).collect();
        let rebalance = match error {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => Rebalance::Assign(partitions),
            _ => Rebalance::Revoke { partitions, lost: consumer.assignment_lost() },
        };
        tracing::info!(?rebalance, "the group rebalances");
        lock(&self.signals.rebalances).push_back(rebalance);
        self.signals.bell.ring();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_partition_is_read_from_its_event() {
        let text = "Fetch from broker 1 reached end of partition at offset 17 (HighwaterMark 18)";
        assert_eq!(end_offset(text), Some(17));
        assert_eq!(end_offset("Fetch from broker 1 failed"), None);
    }
}

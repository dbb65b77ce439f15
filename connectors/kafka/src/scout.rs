//! Asking the brokers what there is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use forebay_clients::kafka::ClientEvents;
use rdkafka::ClientConfig;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaRespErr;

use crate::context::{Context, Kafka, Signals};
use crate::loss::Extent;
use crate::partition::Partition;
use crate::wanted::Wanted;

/// How long an answer may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// A client of its own for questions: on the consumer's connections they would wait behind
/// fetches that wait for records.
pub(crate) struct Scout {
    client: Kafka,
}

/// The topics that there are.
#[derive(Debug, Default)]
pub(crate) struct Topics {
    /// How many partitions each has.
    pub(crate) partitions: BTreeMap<String, i32>,
    /// Those that were asked about and cannot be read, and why.
    pub(crate) unreadable: BTreeMap<String, String>,
}

impl Scout {
    pub(crate) fn new(config: &ClientConfig, events: &Arc<ClientEvents>) -> KafkaResult<Self> {
        let signals = Arc::new(Signals::default());
        let context = Context { events: Arc::clone(events), signals };
        Ok(Self { client: config.create_with_context(context)? })
    }

    /// Serves logs, errors and requests for tokens, for so long.
    pub(crate) fn serve(&self, time: Duration) {
        // There are no records: nothing is assigned.
        drop(self.client.poll(time));
    }

    /// Asks for the topics that are wanted.
    pub(crate) fn topics(&self, wanted: &Wanted) -> KafkaResult<Topics> {
        let mut found = Topics::default();
        let names: Vec<Option<String>> = match wanted.topics() {
            Some(names) => names.into_iter().map(Some).collect(),
            None => vec![None],
        };
        for name in names {
            let metadata = self.client.fetch_metadata(name.as_deref(), PATIENCE)?;
            for topic in metadata.topics() {
                match topic.error() {
                    None => {
                        let count = i32::try_from(topic.partitions().len()).unwrap_or(i32::MAX);
                        found.partitions.insert(topic.name().to_owned(), count);
                    }
                    Some(RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) => {
                        let text = "it does not exist".to_owned();
                        found.unreadable.insert(topic.name().to_owned(), text);
                    }
                    Some(error) => {
                        let error = KafkaError::MetadataFetch(error.into());
                        found.unreadable.insert(topic.name().to_owned(), error.to_string());
                    }
                }
            }
        }
        Ok(found)
    }

    /// The offsets after the last records.
    pub(crate) fn ends(&self, of: &[Partition]) -> KafkaResult<BTreeMap<Partition, i64>> {
        self.offsets(of, Offset::End).map(known)
    }

    /// The offsets of the first records.
    pub(crate) fn lows(&self, of: &[Partition]) -> KafkaResult<BTreeMap<Partition, i64>> {
        self.offsets(of, Offset::Beginning).map(known)
    }

    /// The offsets of the first records at or after a time; none where there is no such record.
    pub(crate) fn at_time(
        &self,
        of: &[Partition],
        millis: i64,
    ) -> KafkaResult<BTreeMap<Partition, Option<i64>>> {
        self.offsets(of, Offset::Offset(millis))
    }

    /// What there is of a partition.
    pub(crate) fn extent(&self, of: &Partition) -> KafkaResult<Extent> {
        let one = std::slice::from_ref(of);
        let missing =
            || KafkaError::OffsetFetch(rdkafka::types::RDKafkaErrorCode::UnknownPartition);
        let low = *self.lows(one)?.get(of).ok_or_else(missing)?;
        let end = *self.ends(one)?.get(of).ok_or_else(missing)?;
        Ok(Extent { low, end })
    }

    /// `ListOffsets` takes times, of which two mean the ends, and goes by the isolation level.
    fn offsets(
        &self,
        of: &[Partition],
        time: Offset,
    ) -> KafkaResult<BTreeMap<Partition, Option<i64>>> {
        if of.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut list = TopicPartitionList::with_capacity(of.len());
        for partition in of {
            list.add_partition_offset(&partition.topic, partition.number, time)?;
        }
        let answer = self.client.offsets_for_times(list, PATIENCE)?;
        let mut offsets = BTreeMap::new();
        for element in answer.elements() {
            element.error()?;
            let offset = match element.offset() {
                Offset::Offset(offset) => Some(offset),
                _ => None,
            };
            offsets.insert(Partition::new(element.topic(), element.partition()), offset);
        }
        Ok(offsets)
    }
}

fn known(offsets: BTreeMap<Partition, Option<i64>>) -> BTreeMap<Partition, i64> {
    offsets.into_iter().filter_map(|(partition, offset)| Some((partition, offset?))).collect()
}

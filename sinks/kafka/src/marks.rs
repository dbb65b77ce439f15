//! Reading marks, and the group that they are written for.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use forebay_clients::kafka::{ClientEvents, KafkaConnection};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerGroupMetadata};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode as Code;
use rdkafka::{Offset, TopicPartitionList};

use crate::context::Context;
use crate::mark::Mark;

/// Where the mark of a topic stands: each topic has this partition.
const PARTITION: i32 = 0;

/// The group of the marks. Nobody ever joins it.
pub(crate) struct Marks {
    /// Until the first mark of our own is written.
    reader: Option<BaseConsumer<Context>>,
    group: ConsumerGroupMetadata,
}

impl Marks {
    /// # Errors
    /// What librdkafka has against the options.
    pub(crate) fn new(
        connection: &KafkaConnection,
        base: &Path,
        events: &Arc<ClientEvents>,
        group: &str,
    ) -> Result<Self, KafkaError> {
        let mut config = connection.client_config(base);
        config.set("group.id", group);
        config.set("enable.auto.commit", "false");
        // Only what is settled counts: no answer comes while a transaction is being settled.
        config.set("isolation.level", "read_committed");
        let context = Context { events: Arc::clone(events), reports: () };
        let reader: BaseConsumer<Context> = config.create_with_context(context)?;
        let group = reader.group_metadata();
        let group = group.ok_or_else(|| KafkaError::ClientCreation("it has no group".into()))?;
        Ok(Self { reader: Some(reader), group })
    }

    /// The group.
    pub(crate) fn group(&self) -> &ConsumerGroupMetadata {
        &self.group
    }

    /// Nothing has to be read any more.
    pub(crate) fn stop_reading(&mut self) {
        self.reader = None;
    }

    /// The marks at some topics.
    ///
    /// # Errors
    /// If the brokers do not tell, or do not yet.
    pub(crate) fn fetch(
        &self,
        topics: &[String],
        timeout: Duration,
    ) -> Result<Vec<Mark>, KafkaError> {
        let Some(reader) = &self.reader else { return Ok(Vec::new()) };
        let mut asked = TopicPartitionList::with_capacity(topics.len());
        for topic in topics {
            asked.add_partition(topic, PARTITION);
        }
        // Tokens are only fetched when it is polled, and what is not allowed is only told then.
        if let Some(Err(error)) = reader.poll(Duration::ZERO)
            && error.rdkafka_error_code() == Some(Code::GroupAuthorizationFailed)
        {
            return Err(error);
        }
        let found = reader.committed_offsets(asked, timeout)?;
        let mut marks = Vec::new();
        for element in found.elements() {
            element.error()?;
            if matches!(element.offset(), Offset::Offset(_)) {
                marks.extend(Mark::parse(element.metadata()));
            }
        }
        Ok(marks)
    }
}

/// The mark at each topic. The offset is the number of the batch, for people who look.
///
/// # Errors
/// Never for numbers of batches; the type is that of the library.
pub(crate) fn offsets<'a>(
    topics: impl IntoIterator<Item = &'a String>,
    mark: &Mark,
) -> Result<TopicPartitionList, KafkaError> {
    let mut offsets = TopicPartitionList::new();
    let number = i64::try_from(mark.batch).unwrap_or(i64::MAX);
    let text = mark.text();
    for topic in topics {
        let mut element = offsets.add_partition(topic, PARTITION);
        element.set_offset(Offset::Offset(number))?;
        element.set_metadata(&text);
    }
    Ok(offsets)
}

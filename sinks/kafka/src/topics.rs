//! What is known of the topics that are written to.

use std::collections::HashMap;
use std::time::Duration;

use rdkafka::producer::Producer as _;
use rdkafka::types::RDKafkaErrorCode as Code;

use crate::client::Producer;

/// How long brokers may take to tell what they know of a topic.
pub(crate) const ANSWER: Duration = Duration::from_secs(5);

/// What is known of the topics that are written to. Those that exist are remembered, those that
/// do not are asked for again in the next batch.
#[derive(Debug, Default)]
pub(crate) struct Topics {
    known: HashMap<String, State>,
}

/// What is known of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It exists, with so many partitions.
    There(i32),
    /// It cannot be written.
    Unfit(Code),
}

impl Topics {
    /// What is known of a topic. It is asked for if nothing is known yet.
    ///
    /// # Errors
    /// If the brokers do not answer.
    pub(crate) fn find(&mut self, producer: &Producer, topic: &str) -> Result<State, String> {
        if let Some(state) = self.known.get(topic) {
            return Ok(*state);
        }
        self.ask(producer, topic)
    }

    /// What the brokers know of a topic now.
    ///
    /// # Errors
    /// If they do not answer.
    pub(crate) fn ask(&mut self, producer: &Producer, topic: &str) -> Result<State, String> {
        let metadata = producer
            .client()
            .fetch_metadata(Some(topic), ANSWER)
            .map_err(|error| format!("brokers do not tell of the topic `{topic}`: {error}"))?;
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        let state = match found.map(|found| (found.error(), found.partitions().len())) {
            None => State::Unfit(Code::UnknownTopic),
            Some((Some(error), _)) => match Code::from(error) {
                // Partitions without a leader, for now: records wait for one.
                Code::LeaderNotAvailable => State::There(i32::MAX),
                code => State::Unfit(code),
            },
            Some((None, partitions)) => State::There(i32::try_from(partitions).unwrap_or(i32::MAX)),
        };
        self.known.insert(topic.to_owned(), state);
        Ok(state)
    }

    /// Forgets which topics cannot be written.
    pub(crate) fn hope_again(&mut self) {
        self.known.retain(|_, state| matches!(state, State::There(_)));
    }

    /// Forgets all: something changed.
    pub(crate) fn forget(&mut self) {
        self.known.clear();
    }
}

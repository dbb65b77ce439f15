//! The service itself.

use async_trait::async_trait;
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::StalledStreamProtectionConfig;
use aws_sdk_kinesis::operation::subscribe_to_shard::SubscribeToShardOutput;
use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::{
    self, ConsumerStatus, ShardIteratorType, StartingPosition, StreamStatus,
    SubscribeToShardEventStream,
};
use bytes::Bytes;
use forebay_clients::aws::{AwsConnection, Failure, Meaning};
use forebay_clients::kinesis::StreamId;
use forebay_core::SplitId;

use crate::aggregate::HashRange;
use crate::service::{From, Raw, Reply, Service, Shard, Subscription};

/// A stream of Kinesis.
pub(crate) struct Live {
    client: Client,
    stream: StreamId,
}

impl Live {
    pub(crate) async fn new(connection: &AwsConnection, stream: &StreamId) -> Self {
        Self { client: Client::new(&connection.load().await), stream: stream.clone() }
    }
}

/// What the service says of a stream.
pub(crate) struct Summary {
    pub(crate) status: StreamStatus,
    pub(crate) retention_hours: i32,
    pub(crate) arn: String,
}

/// What the service says of something that is there already, or not over yet.
const IN_USE: &str = "ResourceInUseException";

impl Live {
    /// What the service says of the stream.
    pub(crate) async fn summary(&self) -> Result<Summary, Failure> {
        let request = self
            .client
            .describe_stream_summary()
            .set_stream_name(self.stream.request_name())
            .set_stream_arn(self.stream.request_arn());
        let answer = request.send().await.map_err(|error| Failure::of(&error))?;
        let summary = answer.stream_description_summary;
        let summary = summary.ok_or_else(|| strange("the service says nothing of the stream"))?;
        let retention_hours = summary.retention_period_hours;
        let (status, arn) = (summary.stream_status, summary.stream_arn);
        Ok(Summary { status, retention_hours, arn })
    }
}

/// An event of a subscription on its way.
struct Pushed(SubscribeToShardOutput);

#[async_trait]
impl Subscription for Pushed {
    async fn next(&mut self) -> Result<Option<Reply>, Failure> {
        loop {
            let event = match self.0.event_stream.recv().await {
                Ok(Some(SubscribeToShardEventStream::SubscribeToShardEvent(event))) => event,
                // Kinds of events that this client does not know.
                Ok(Some(_)) => continue,
                Ok(None) => return Ok(None),
                Err(error) => return Err(Failure::of(&error)),
            };
            let children: Vec<Shard> = event.child_shards().iter().map(child).collect();
            let next = event.continuation_sequence_number;
            // At the end of a shard there is none, which this SDK makes an empty text.
            let next = Some(next).filter(|next| !next.is_empty() && children.is_empty());
            return Ok(Some(Reply {
                next,
                behind_ms: u64::try_from(event.millis_behind_latest).unwrap_or(0),
                children,
                records: event.records.into_iter().map(raw).collect::<Result<_, _>>()?,
            }));
        }
    }
}

fn position(from: From<'_>) -> Result<StartingPosition, Failure> {
    let position = StartingPosition::builder();
    let position = match from {
        From::TrimHorizon => position.r#type(ShardIteratorType::TrimHorizon),
        From::Timestamp(millis) => {
            position.r#type(ShardIteratorType::AtTimestamp).timestamp(DateTime::from_millis(millis))
        }
        From::At(sequence) => {
            position.r#type(ShardIteratorType::AtSequenceNumber).sequence_number(sequence.as_str())
        }
        From::After(sequence) => position
            .r#type(ShardIteratorType::AfterSequenceNumber)
            .sequence_number(sequence.as_str()),
    };
    position.build().map_err(|error| Failure::new(Meaning::Refused, error.to_string()))
}

/// An answer that the service is not known to give.
fn strange(text: impl Into<String>) -> Failure {
    Failure::new(Meaning::Trouble, text)
}

fn hashes(range: Option<&types::HashKeyRange>) -> HashRange {
    let range = range.and_then(|range| {
        let first = range.starting_hash_key().parse().ok()?;
        Some(HashRange { first, last: range.ending_hash_key().parse().ok()? })
    });
    range.unwrap_or(HashRange::ALL)
}

fn shard(shard: &types::Shard) -> Shard {
    let parents = [shard.parent_shard_id(), shard.adjacent_parent_shard_id()];
    let parents = parents.into_iter().flatten().filter(|id| !id.is_empty());
    let numbers = shard.sequence_number_range();
    Shard {
        id: shard.shard_id().into(),
        parents: parents.map(SplitId::from).collect(),
        hashes: hashes(shard.hash_key_range()),
        is_closed: numbers.is_some_and(|range| range.ending_sequence_number().is_some()),
    }
}

fn child(child: &types::ChildShard) -> Shard {
    Shard {
        id: child.shard_id().into(),
        parents: child.parent_shards().iter().map(|id| SplitId::from(id.as_str())).collect(),
        hashes: hashes(child.hash_key_range()),
        is_closed: false,
    }
}

fn raw(record: types::Record) -> Result<Raw, Failure> {
    let millis = |time: &DateTime| time.to_millis().ok();
    Ok(Raw {
        sequence: record.sequence_number.parse().map_err(strange)?,
        key: record.partition_key.into(),
        arrival_ms: record.approximate_arrival_timestamp.as_ref().and_then(millis),
        data: Bytes::from(record.data.into_inner()),
    })
}

#[async_trait]
impl Service for Live {
    async fn shards(&self) -> Result<Vec<Shard>, Failure> {
        let mut shards = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let mut request = self.client.list_shards();
            // A token names the stream by itself, and nothing else may.
            request = match token.take() {
                Some(token) => request.next_token(token),
                None => request
                    .set_stream_name(self.stream.request_name())
                    .set_stream_arn(self.stream.request_arn()),
            };
            let page = request.send().await.map_err(|error| Failure::of(&error))?;
            shards.extend(page.shards().iter().map(shard));
            match page.next_token {
                Some(next) if !next.is_empty() => token = Some(next),
                _ => return Ok(shards),
            }
        }
    }

    async fn iterator(&self, shard: &SplitId, from: From<'_>) -> Result<String, Failure> {
        let request = self
            .client
            .get_shard_iterator()
            .set_stream_name(self.stream.request_name())
            .set_stream_arn(self.stream.request_arn())
            .shard_id(shard.as_str());
        let request = match from {
            From::TrimHorizon => request.shard_iterator_type(ShardIteratorType::TrimHorizon),
            From::Timestamp(millis) => request
                .shard_iterator_type(ShardIteratorType::AtTimestamp)
                .timestamp(DateTime::from_millis(millis)),
            From::At(sequence) => request
                .shard_iterator_type(ShardIteratorType::AtSequenceNumber)
                .starting_sequence_number(sequence.as_str()),
            From::After(sequence) => request
                .shard_iterator_type(ShardIteratorType::AfterSequenceNumber)
                .starting_sequence_number(sequence.as_str()),
        };
        let answer = request.send().await.map_err(|error| Failure::of(&error))?;
        answer.shard_iterator.ok_or_else(|| strange("the service gave no iterator"))
    }

    async fn records(&self, iterator: &str, limit: usize) -> Result<Reply, Failure> {
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        let request = self
            .client
            .get_records()
            .shard_iterator(iterator)
            .set_stream_arn(self.stream.request_arn())
            .limit(limit);
        let answer = request.send().await.map_err(|error| Failure::of(&error))?;
        let children = answer.child_shards().iter().map(child).collect();
        Ok(Reply {
            next: answer.next_shard_iterator.filter(|next| !next.is_empty()),
            behind_ms: u64::try_from(answer.millis_behind_latest.unwrap_or(0)).unwrap_or(0),
            children,
            records: answer.records.into_iter().map(raw).collect::<Result<_, _>>()?,
        })
    }

    async fn register(&self, consumer: &str) -> Result<Option<String>, Failure> {
        if consumer.starts_with("arn:") {
            return Ok(Some(consumer.to_owned()));
        }
        let stream = match self.stream.request_arn() {
            Some(arn) => arn,
            None => self.summary().await?.arn,
        };
        let known = self.client.describe_stream_consumer();
        let known = known.stream_arn(&stream).consumer_name(consumer).send().await;
        match known.map_err(|error| Failure::of(&error)) {
            Ok(answer) => {
                let consumer = answer.consumer_description;
                let active = consumer.filter(|it| it.consumer_status == ConsumerStatus::Active);
                Ok(active.map(|it| it.consumer_arn))
            }
            Err(failure) if failure.meaning == Meaning::Gone => {
                let register = self.client.register_stream_consumer();
                let register = register.stream_arn(&stream).consumer_name(consumer).send().await;
                match register.map_err(|error| Failure::of(&error)) {
                    // Another gateway was faster.
                    Err(failure) if failure.code.as_deref() != Some(IN_USE) => Err(failure),
                    _ => Ok(None),
                }
            }
            Err(failure) => Err(failure),
        }
    }

    async fn subscribe(
        &self,
        consumer: &str,
        shard: &SplitId,
        from: From<'_>,
    ) -> Result<Box<dyn Subscription>, Failure> {
        let request = self.client.subscribe_to_shard().consumer_arn(consumer);
        let request = request.shard_id(shard.as_str()).starting_position(position(from)?);
        // Whoever does not take what comes has a full shelf; a dead connection is found by events
        // that do not come.
        let unprotected = aws_sdk_kinesis::Config::builder()
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        match request.customize().config_override(unprotected).send().await {
            Ok(pushed) => Ok(Box::new(Pushed(pushed))),
            Err(error) => {
                let failure = Failure::of(&error);
                // One that was there just now is not over yet.
                let is_too_soon = failure.code.as_deref() == Some(IN_USE);
                let meaning = if is_too_soon { Meaning::Throttled } else { failure.meaning };
                Err(Failure { meaning, ..failure })
            }
        }
    }

    async fn deregister(&self, consumer: &str) -> Result<(), Failure> {
        let gone = self.client.deregister_stream_consumer().consumer_arn(consumer).send().await;
        gone.map(drop).map_err(|error| Failure::of(&error))
    }
}

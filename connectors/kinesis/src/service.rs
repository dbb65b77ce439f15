//! What is asked of Kinesis.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use forebay_clients::aws::Failure;
use forebay_core::SplitId;

use crate::aggregate::HashRange;
use crate::place::{Place, Sequence};

/// A stream, as far as reading it goes: the service itself, or a scripted one in tests.
#[async_trait]
pub(crate) trait Service: Send + Sync + 'static {
    /// All shards that there are, closed ones included.
    async fn shards(&self) -> Result<Vec<Shard>, Failure>;

    /// A token for reading a shard from a place on; it is good for five minutes.
    async fn iterator(&self, shard: &SplitId, from: From<'_>) -> Result<String, Failure>;

    /// The next records, at most so many.
    async fn records(&self, iterator: &str, limit: usize) -> Result<Reply, Failure>;

    /// The ARN of a consumer, by its name or its ARN; it is registered if there is none. Nothing
    /// while it is not ready.
    async fn register(&self, consumer: &str) -> Result<Option<String>, Failure>;

    /// Has the records of a shard pushed from a place on, to a consumer by its ARN.
    async fn subscribe(
        &self,
        consumer: &str,
        shard: &SplitId,
        from: From<'_>,
    ) -> Result<Box<dyn Subscription>, Failure>;

    /// Removes a consumer, by its ARN.
    async fn deregister(&self, consumer: &str) -> Result<(), Failure>;
}

/// Records that are pushed.
#[async_trait]
pub(crate) trait Subscription: Send + Sync {
    /// The next event, which goes on behind the sequence number that is [`Reply::next`]; none when
    /// the subscription is over. It may be dropped at any await.
    async fn next(&mut self) -> Result<Option<Reply>, Failure>;
}

/// Where an iterator begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From<'a> {
    /// With the oldest record.
    TrimHorizon,
    /// With the first record of this time or later, in milliseconds since 1970.
    Timestamp(i64),
    /// With this record.
    At(&'a Sequence),
    /// Behind this record.
    After(&'a Sequence),
}

impl<'a> From<'a> {
    /// What an iterator begins with, so that the records behind a place come; none for the end.
    /// The record that the place stands behind comes too: it shows that nothing is missing, and
    /// an aggregate may have more in it.
    pub(crate) fn of(place: &'a Place) -> Option<Self> {
        match place {
            Place::TrimHorizon => Some(Self::TrimHorizon),
            Place::Timestamp(millis) => Some(Self::Timestamp(*millis)),
            Place::At(sequence) | Place::After(sequence, _) => Some(Self::At(sequence)),
            Place::End => None,
        }
    }
}

/// A shard, as the service lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    pub(crate) id: SplitId,
    /// The shards that it came from: one after a split, two after a merge.
    pub(crate) parents: Vec<SplitId>,
    pub(crate) hashes: HashRange,
    /// Whether no record is added any more.
    pub(crate) is_closed: bool,
}

/// An answer with records.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    pub(crate) records: Vec<Raw>,
    /// What to go on with: a token, or the number that a pushed event goes on behind; none at the end of the shard.
    pub(crate) next: Option<String>,
    /// How far the last record is behind the tip of the shard; 0 at the tip.
    pub(crate) behind_ms: u64,
    /// The shards that come after this one, at its end.
    pub(crate) children: Vec<Shard>,
}

/// A record of the stream.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pub(crate) sequence: Sequence,
    pub(crate) key: Arc<str>,
    pub(crate) data: Bytes,
    /// When it arrived, in milliseconds since 1970.
    pub(crate) arrival_ms: Option<i64>,
}

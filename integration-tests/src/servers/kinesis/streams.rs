//! Streams on the emulator.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{
    ConsumerStatus, PutRecordsRequestEntry, Shard, ShardIteratorType, StreamStatus,
};

use super::emulator::Kinesis;
use crate::servers::{name, runtime};

/// Between two looks at a stream that is being changed.
const PAUSE: Duration = Duration::from_millis(20);

/// A record for a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// The partition key.
    pub key: String,
    /// The data.
    pub data: Vec<u8>,
}

/// A record of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// Its shard.
    pub shard: String,
    /// The partition key.
    pub key: String,
    /// The number in the shard.
    pub sequence: String,
    /// The data.
    pub data: Vec<u8>,
}

impl Put {
    /// A record.
    pub fn new(key: impl Into<String>, data: impl Into<Vec<u8>>) -> Self {
        Self { key: key.into(), data: data.into() }
    }
}

impl Kinesis {
    /// A stream of its own with so many shards.
    ///
    /// # Errors
    /// If the emulator refuses or does not answer.
    pub fn stream(&self, what: &str, shards: i32) -> Result<String> {
        let (client, stream) = (self.client.clone(), name::unique(what));
        runtime::wait_for(async move {
            client.create_stream().stream_name(&stream).shard_count(shards).send().await?;
            settled(&client, &stream).await?;
            Ok(stream)
        })
    }

    /// Puts records, in order.
    ///
    /// # Errors
    /// If one is not taken.
    pub fn put(&self, stream: &str, records: impl IntoIterator<Item = Put>) -> Result<()> {
        let (client, stream) = (self.client.clone(), stream.to_owned());
        let records: Vec<Put> = records.into_iter().collect();
        runtime::wait_for(async move {
            for some in records.chunks(500) {
                let entries = some.iter().map(|put| {
                    let entry = PutRecordsRequestEntry::builder().partition_key(&put.key);
                    entry.data(Blob::new(put.data.clone())).build()
                });
                let entries = entries.collect::<Result<Vec<_>, _>>()?;
                let answer = client.put_records().stream_name(&stream);
                let answer = answer.set_records(Some(entries)).send().await?;
                for result in answer.records() {
                    ensure!(result.error_code().is_none(), "{result:?}");
                }
            }
            Ok(())
        })
    }

    /// All shards, closed ones included.
    ///
    /// # Errors
    /// If the emulator refuses or does not answer.
    pub fn shards(&self, stream: &str) -> Result<Vec<Shard>> {
        let (client, stream) = (self.client.clone(), stream.to_owned());
        runtime::wait_for(async move { shards(&client, &stream).await })
    }

    /// The shards that take records.
    ///
    /// # Errors
    /// If the emulator refuses or does not answer.
    pub fn open_shards(&self, stream: &str) -> Result<Vec<String>> {
        let is_open = |shard: &Shard| {
            let range = shard.sequence_number_range();
            range.is_none_or(|range| range.ending_sequence_number().is_none())
        };
        let shards = self.shards(stream)?.into_iter().filter(is_open);
        Ok(shards.map(|shard| shard.shard_id).collect())
    }

    /// Splits a shard in the middle.
    ///
    /// # Errors
    /// If the emulator refuses or does not answer.
    pub fn split(&self, stream: &str, shard: &str) -> Result<()> {
        let (client, stream, id) = (self.client.clone(), stream.to_owned(), shard.to_owned());
        runtime::wait_for(async move {
            let all = shards(&client, &stream).await?;
            let shard = all.iter().find(|shard| shard.shard_id == id).context("no such shard")?;
            let range = shard.hash_key_range().context("a shard without hash keys")?;
            let first: u128 = range.starting_hash_key().parse()?;
            let last: u128 = range.ending_hash_key().parse()?;
            let middle = first + (last - first) / 2;
            let split = client.split_shard().stream_name(&stream).shard_to_split(&id);
            split.new_starting_hash_key(middle.to_string()).send().await?;
            settled(&client, &stream).await
        })
    }

    /// Merges two shards that are neighbours.
    ///
    /// # Errors
    /// If the emulator refuses or does not answer.
    pub fn merge(&self, stream: &str, shard: &str, other: &str) -> Result<()> {
        let (client, stream) = (self.client.clone(), stream.to_owned());
        let (shard, other) = (shard.to_owned(), other.to_owned());
        runtime::wait_for(async move {
            let merge = client.merge_shards().stream_name(&stream);
            merge.shard_to_merge(shard).adjacent_shard_to_merge(other).send().await?;
            settled(&client, &stream).await
        })
    }

    /// The names of the consumers that records are pushed to.
    ///
    /// # Errors
    /// If the emulator refuses or does not answer.
    pub fn consumers(&self, stream: &str) -> Result<Vec<String>> {
        let (client, stream) = (self.client.clone(), stream.to_owned());
        runtime::wait_for(async move {
            let summary = client.describe_stream_summary().stream_name(&stream).send().await?;
            let summary = summary.stream_description_summary.context("no summary")?;
            let answer = client.list_stream_consumers().stream_arn(summary.stream_arn);
            let consumers = answer.send().await?.consumers.unwrap_or_default();
            let living = consumers
                .into_iter()
                .filter(|consumer| consumer.consumer_status != ConsumerStatus::Deleting);
            Ok(living.map(|consumer| consumer.consumer_name).collect())
        })
    }

    /// All records of all shards, those of a shard in order.
    ///
    /// # Errors
    /// If the emulator refuses or does not answer.
    pub fn read(&self, stream: &str) -> Result<Vec<Arrived>> {
        let (client, stream) = (self.client.clone(), stream.to_owned());
        runtime::wait_for(async move {
            let mut arrived = Vec::new();
            for shard in shards(&client, &stream).await? {
                let id = shard.shard_id;
                let begin = client.get_shard_iterator().stream_name(&stream).shard_id(&id);
                let begin = begin.shard_iterator_type(ShardIteratorType::TrimHorizon).send();
                let mut iterator = begin.await?.shard_iterator;
                while let Some(at) = iterator {
                    let page = client.get_records().shard_iterator(at).send().await?;
                    let is_over = page.records.is_empty() && page.millis_behind_latest == Some(0);
                    iterator = page.next_shard_iterator.filter(|_| !is_over);
                    arrived.extend(page.records.into_iter().map(|record| Arrived {
                        shard: id.clone(),
                        key: record.partition_key,
                        sequence: record.sequence_number,
                        data: record.data.into_inner(),
                    }));
                }
            }
            Ok(arrived)
        })
    }
}

async fn shards(client: &Client, stream: &str) -> Result<Vec<Shard>> {
    let (mut all, mut token) = (Vec::new(), None);
    loop {
        let request = match token.take() {
            Some(token) => client.list_shards().next_token(token),
            None => client.list_shards().stream_name(stream),
        };
        let page: aws_sdk_kinesis::operation::list_shards::ListShardsOutput =
            request.send().await?;
        token = page.next_token;
        all.extend(page.shards.unwrap_or_default());
        if token.is_none() {
            return Ok(all);
        }
    }
}

/// Waits until the stream is not being changed.
async fn settled(client: &Client, stream: &str) -> Result<()> {
    for _ in 0..1_000 {
        let summary = client.describe_stream_summary().stream_name(stream).send().await;
        // It throttles as the service does.
        let summary = summary.ok().and_then(|answer| answer.stream_description_summary);
        if summary.is_some_and(|it| it.stream_status == StreamStatus::Active) {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    anyhow::bail!("the stream {stream} does not settle")
}

//! Kinesis without Forebay: streams of orders, and calls for records at the service's own pace.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_kinesis::types::{Record, ShardIteratorType, StreamStatus};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use super::kinesis_lanes::Lanes;
use crate::input;
use crate::tally::Tally;

/// Shards of the stream.
pub(crate) const SHARDS: i32 = 8;

/// [What the service allows](https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html)
/// of each shard: five calls and 2 MiB a second.
const BETWEEN_CALLS: Duration = Duration::from_millis(200);
const BYTES_PER_SECOND: u32 = 2 << 20;

/// How long nothing may come of a stream that has more.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn client(endpoint: &str) -> Client {
    let config = aws_sdk_kinesis::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("x", "y", None, None, "bench"))
        .endpoint_url(endpoint);
    Client::from_conf(config.build())
}

fn wait<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(future)
}

/// Makes a stream without records, and says its name.
pub(crate) fn create(endpoint: &str) -> Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let (client, stream) = (client(endpoint), format!("bench-{now}"));
    wait(async move {
        let made = client.create_stream().stream_name(&stream).shard_count(SHARDS).send().await;
        made.with_context(|| {
            format!("no stream can be made at {endpoint}: is an emulator there, and is it HTTP?")
        })?;
        loop {
            let summary = client.describe_stream_summary().stream_name(&stream).send().await?;
            let summary = summary.stream_description_summary.context("no summary")?;
            if summary.stream_status == StreamStatus::Active {
                break;
            }
            sleep(BETWEEN_CALLS).await;
        }
        Ok(stream)
    })
}

/// Makes a stream of orders, and says its name.
pub(crate) fn fill(endpoint: &str, records: u64) -> Result<String> {
    let stream = create(endpoint)?;
    wait(async {
        let mut lanes = Lanes::begin(&client(endpoint), &stream);
        for number in 0..records {
            lanes.put(&format!("c{}", number % 10_000), &input::order(number)).await?;
        }
        lanes.finish().await
    })?;
    Ok(stream)
}

/// Counts the orders in a stream, until there are so many.
pub(crate) fn count(endpoint: &str, stream: &str, records: u64) -> Result<Tally> {
    wait(async {
        let (mut tally, mut pages) = (Tally::default(), read(endpoint, stream).await?);
        let mut came = Instant::now();
        while tally.orders() < records {
            let page = pages.recv().await.context("the shards cannot be read")?;
            if !page.is_empty() {
                came = Instant::now();
            }
            ensure!(came.elapsed() < PATIENCE, "{} of {records} came", tally.orders());
            for record in page {
                tally.push(record.data.as_ref());
                tally.push(b"\n");
            }
        }
        Ok(tally)
    })
}

/// Deletes the stream.
pub(crate) fn delete(endpoint: &str, stream: &str) -> Result<()> {
    let client = client(endpoint);
    wait(async move {
        client.delete_stream().stream_name(stream).send().await?;
        Ok(())
    })
}

/// Begins to read all shards from their first records on, each in a task of its own.
pub(super) async fn read(endpoint: &str, stream: &str) -> Result<mpsc::Receiver<Vec<Record>>> {
    let client = client(endpoint);
    let (sender, receiver) = mpsc::channel(usize::try_from(SHARDS)?);
    let shards = client.list_shards().stream_name(stream).send().await?;
    for shard in shards.shards.unwrap_or_default() {
        let (client, sender) = (client.clone(), sender.clone());
        let begin = client.get_shard_iterator().stream_name(stream).shard_id(shard.shard_id);
        let begin = begin.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await?;
        tokio::spawn(async move {
            let mut iterator = begin.shard_iterator;
            while let Some(at) = iterator {
                let begun = Instant::now();
                let Ok(page) = client.get_records().shard_iterator(at).send().await else { return };
                iterator = page.next_shard_iterator;
                let bytes: usize = page.records.iter().map(|it| it.data.as_ref().len()).sum();
                let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
                let pause = Duration::from_secs(1) * bytes / BYTES_PER_SECOND;
                if sender.send(page.records).await.is_err() {
                    return;
                }
                sleep_until(begun + pause.max(BETWEEN_CALLS)).await;
            }
        });
    }
    Ok(receiver)
}

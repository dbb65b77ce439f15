//! Records that are put to a Kinesis data stream, some calls at a time.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::PutRecordsRequestEntry as Entry;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Calls at a time, as the gateway has them by default.
const LANES: usize = 4;

/// [Records of a call](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html),
/// at most.
const PUT: usize = 500;

/// Before records that the service refuses for now are put again.
const PAUSE: Duration = Duration::from_millis(100);

/// Lanes that records go by: those of a key all by the same, one call after the other.
pub(super) struct Lanes {
    entries: Vec<mpsc::Sender<Entry>>,
    tasks: JoinSet<Result<()>>,
}

impl Lanes {
    pub(super) fn begin(client: &Client, stream: &str) -> Self {
        let mut lanes = Self { entries: Vec::new(), tasks: JoinSet::new() };
        for _ in 0..LANES {
            let (sender, receiver) = mpsc::channel(PUT);
            lanes.entries.push(sender);
            lanes.tasks.spawn(drive(client.clone(), stream.to_owned(), receiver));
        }
        lanes
    }

    /// Waits until there is room for a record.
    pub(super) async fn put(&mut self, key: &str, data: &[u8]) -> Result<()> {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let lane = usize::try_from(hasher.finish() % LANES as u64)?;
        let entry = Entry::builder().partition_key(key).data(Blob::new(data)).build()?;
        if self.entries[lane].send(entry).await.is_err() {
            self.finish().await?;
            bail!("a lane ended too early");
        }
        Ok(())
    }

    /// Waits until all records are put.
    pub(super) async fn finish(&mut self) -> Result<()> {
        self.entries.clear();
        while let Some(ended) = self.tasks.join_next().await {
            ended??;
        }
        Ok(())
    }
}

async fn drive(client: Client, stream: String, mut entries: mpsc::Receiver<Entry>) -> Result<()> {
    let mut call = Vec::with_capacity(PUT);
    loop {
        let entry = entries.recv().await;
        let is_over = entry.is_none();
        call.extend(entry);
        if call.len() == PUT || is_over {
            put(&client, &stream, std::mem::take(&mut call)).await?;
        }
        if is_over {
            return Ok(());
        }
    }
}

async fn put(client: &Client, stream: &str, mut entries: Vec<Entry>) -> Result<()> {
    while !entries.is_empty() {
        let call = client.put_records().stream_name(stream).set_records(Some(entries.clone()));
        let answer = call.send().await.context("records cannot be put")?;
        let is_refused = answer.records().iter().map(|record| record.error_code().is_some());
        let refused = entries.into_iter().zip(is_refused).filter(|(_, is_refused)| *is_refused);
        entries = refused.map(|(entry, _)| entry).collect();
        if !entries.is_empty() {
            sleep(PAUSE).await;
        }
    }
    Ok(())
}

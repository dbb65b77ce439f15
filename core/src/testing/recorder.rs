//! A sink that remembers what it was given, with faults.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use async_trait::async_trait;
use serde_json::json;

use crate::batch::Batch;
use crate::sink::{Durability, Receipt, Rejected, Sink, SinkError, Written};

/// A sink that remembers what it was given. What is visible survives the pipeline that wrote it.
pub struct Recorder {
    store: RecorderStore,
    settle_every: Option<u64>,
    since_settled: u64,
    fault: Option<Fault>,
    reject: Option<Reject>,
    calls: u64,
    gathered: Vec<RecordBatch>,
}

/// Says of the n-th call (from 1) whether and how it fails.
pub type Fault = Box<dyn Fn(u64) -> Option<SinkError> + Send>;

/// Says of a batch which rows are refused, given how many batches were written before.
pub type Reject = Box<dyn Fn(u64, &Batch) -> Vec<Rejected> + Send>;

/// What a [`Recorder`] holds. Cloning shares it.
#[derive(Clone, Default)]
pub struct RecorderStore(Arc<Mutex<Stored>>);

#[derive(Default)]
struct Stored {
    visible: Vec<RecordBatch>,
    staged: BTreeMap<u64, Vec<RecordBatch>>,
    next: u64,
}

impl RecorderStore {
    /// What readers of the destination see.
    #[must_use]
    pub fn visible(&self) -> Vec<RecordBatch> {
        self.with(|stored| stored.visible.clone())
    }

    /// How often a sink that gathers has settled.
    #[must_use]
    pub fn settled(&self) -> u64 {
        self.with(|stored| stored.next)
    }

    fn with<T>(&self, look: impl FnOnce(&mut Stored) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Recorder {
    /// A sink that is durable at write.
    #[must_use]
    pub fn new(store: &RecorderStore) -> Self {
        Self {
            store: store.clone(),
            settle_every: None,
            since_settled: 0,
            fault: None,
            reject: None,
            calls: 0,
            gathered: Vec::new(),
        }
    }

    /// A sink that gathers so many batches, stages them, and shows them when their receipt is in
    /// the checkpoint: exactly once.
    #[must_use]
    pub fn settling(store: &RecorderStore, every: u64) -> Self {
        Self { settle_every: Some(every), ..Self::new(store) }
    }

    /// The same with faults in every call.
    #[must_use]
    pub fn failing(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    /// The same with rows that it refuses.
    #[must_use]
    pub fn rejecting(mut self, reject: Reject) -> Self {
        self.reject = Some(reject);
        self
    }

    fn fault(&mut self) -> Result<(), SinkError> {
        self.calls += 1;
        match self.fault.as_ref().and_then(|fault| fault(self.calls)) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Sink for Recorder {
    fn durability(&self) -> Durability {
        self.settle_every.map_or(Durability::AtWrite, |_| Durability::Settles)
    }

    async fn connect(&mut self) -> Result<(), SinkError> {
        self.fault()
    }

    async fn recover(&mut self, receipt: Option<&Receipt>) -> Result<(), SinkError> {
        self.gathered.clear();
        self.since_settled = 0;
        if let Some(receipt) = receipt {
            self.publish(receipt).await?;
        }
        self.store.with(|stored| stored.staged.clear());
        Ok(())
    }

    async fn write(&mut self, batch: &Batch) -> Result<Written, SinkError> {
        self.fault()?;
        let rejected =
            self.reject.as_ref().map_or_else(Vec::new, |reject| reject(self.calls, batch));
        for (chunk, rows) in batch.chunks.iter().enumerate() {
            let is_kept = |row: usize| {
                !rejected.iter().any(|rejected| (rejected.chunk, rejected.row) == (chunk, row))
            };
            for row in (0..rows.columns.num_rows()).filter(|row| is_kept(*row)) {
                self.gathered.push(rows.columns.slice(row, 1));
            }
        }
        if self.settle_every.is_none() {
            let gathered = std::mem::take(&mut self.gathered);
            self.store.with(|stored| stored.visible.extend(gathered));
        }
        self.since_settled += 1;
        Ok(Written { rejected })
    }

    async fn settle(&mut self, now: bool) -> Result<Option<Receipt>, SinkError> {
        self.fault()?;
        let every = self.settle_every.unwrap_or(u64::MAX);
        if self.gathered.is_empty() || (!now && self.since_settled < every) {
            return Ok(None);
        }
        self.since_settled = 0;
        let gathered = std::mem::take(&mut self.gathered);
        let id = self.store.with(|stored| {
            stored.next += 1;
            stored.staged.insert(stored.next, gathered);
            stored.next
        });
        Ok(Some(json!({ "staged": id })))
    }

    async fn publish(&mut self, receipt: &Receipt) -> Result<(), SinkError> {
        self.fault()?;
        let id = receipt["staged"].as_u64().unwrap_or(0);
        self.store.with(|stored| {
            if let Some(rows) = stored.staged.remove(&id) {
                stored.visible.extend(rows);
            }
        });
        Ok(())
    }
}

//! Drives a sink the way the engine does, and remembers what its checkpoint would.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use arrow::array::RecordBatch;
use tokio::time::timeout;

use super::super::violation::{during, require};
use super::rows::{number_in, plain};
use super::{Promise, Violation};
use crate::batch::{Batch, Rows};
use crate::sink::{Durability, Receipt, Sink, SinkError, Verdict, Written};

/// How long any call may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The largest receipt: it stands in every checkpoint.
const RECEIPT_BYTES: usize = 64 << 10;

/// How often rows may be answered with "try again".
const RETRIES: usize = 100;

/// A destination, the instance at work on it, and the checkpoint.
pub(super) struct Driver<B, V> {
    build: B,
    visible: V,
    pub(super) promise: Promise,
    pub(super) sink: Box<dyn Sink>,
    /// The last receipt in the checkpoint.
    receipt: Option<Receipt>,
    committed: BTreeSet<u32>,
    /// Those that must still be seen: all, unless they go with the instance that took them.
    due: BTreeSet<u32>,
    /// Written and not committed: after a crash they come again.
    open: Vec<(Batch, Range<u32>)>,
    next_row: u32,
    next_batch: u64,
}

impl<B, V> Driver<B, V>
where
    B: FnMut() -> Box<dyn Sink>,
    V: FnMut() -> Vec<String>,
{
    pub(super) async fn start(
        promise: Promise,
        mut build: B,
        visible: V,
    ) -> Result<Self, Violation> {
        let sink = build();
        let mut driver = Self {
            build,
            visible,
            promise,
            sink,
            receipt: None,
            committed: BTreeSet::new(),
            due: BTreeSet::new(),
            open: Vec::new(),
            next_row: 0,
            next_batch: 1,
        };
        let seen = (driver.visible)();
        require(seen.is_empty(), || {
            format!("the suite wants an empty destination, and {} rows are visible", seen.len())
        })?;
        driver.begin().await?;
        Ok(driver)
    }

    pub(super) fn committed_rows(&self) -> usize {
        self.committed.len()
    }

    /// Whether the sink gathers batches.
    pub(super) fn settles(&self) -> bool {
        self.sink.durability() == Durability::Settles
    }

    pub(super) async fn connect(&mut self) -> Result<(), Violation> {
        within("connect", self.sink.connect()).await
    }

    /// Connects, and recovers from the checkpoint.
    pub(super) async fn begin(&mut self) -> Result<(), Violation> {
        self.connect().await?;
        within("recover", self.sink.recover(self.receipt.as_ref())).await
    }

    /// The process ends at once and starts again.
    pub(super) async fn crash(&mut self) -> Result<(), Violation> {
        self.sink = (self.build)();
        if self.promise == Promise::Volatile {
            self.due.clear();
        }
        self.begin().await
    }

    /// Writes what was not committed once more, under the same numbers.
    pub(super) async fn replay(&mut self) -> Result<(), Violation> {
        for (batch, _) in self.open.clone() {
            self.write_batch(&batch).await.map_err(during("writing a batch once more"))?;
        }
        Ok(())
    }

    /// The numbers of the next rows.
    pub(super) fn take(&mut self, rows: u32) -> Range<u32> {
        let first = self.next_row;
        self.next_row += rows;
        first..self.next_row
    }

    /// Writes a batch with a chunk of so many rows each.
    pub(super) async fn write(&mut self, chunks: &[u32]) -> Result<(), Violation> {
        let first = self.next_row;
        let chunks: Result<Vec<Rows>, _> =
            chunks.iter().map(|rows| plain(self.take(*rows))).collect();
        let written = self.write_new(chunks?, first..self.next_row).await;
        written.map_err(during("write"))
    }

    /// Writes a batch of these chunks, which have the rows of a range.
    pub(super) async fn write_new(
        &mut self,
        chunks: Vec<Rows>,
        rows: Range<u32>,
    ) -> Result<(), SinkError> {
        let batch = Batch::new(self.next_batch, chunks);
        self.write_batch(&batch).await?;
        self.next_batch += 1;
        self.open.push((batch, rows));
        Ok(())
    }

    /// Writes until no row is to be tried again.
    async fn write_batch(&mut self, batch: &Batch) -> Result<(), SinkError> {
        let mut rest = batch.clone();
        for _ in 0..RETRIES {
            let written = timeout(PATIENCE, self.sink.write(&rest)).await;
            let written = written
                .map_err(|_| SinkError::Fatal(format!("no answer within {PATIENCE:?}")))??;
            match retried(&rest, &written).map_err(SinkError::Fatal)? {
                again if again.chunks.is_empty() => return Ok(()),
                again => rest = again,
            }
        }
        Err(SinkError::Fatal(format!("rows are answered with `retry` {RETRIES} times")))
    }

    /// Asks the sink to settle; `Some` says that all that was written is safe once the receipt,
    /// if there is one, is recorded.
    pub(super) async fn settle(&mut self, now: bool) -> Result<Option<Receipt>, Violation> {
        let receipt = within("settle", self.sink.settle(now)).await?;
        require(receipt.is_none() || self.settles(), || {
            "settle gives a receipt, and durability says that batches are safe when written".into()
        })?;
        let size = receipt.as_ref().map_or(0, |receipt| receipt.to_string().len());
        require(size <= RECEIPT_BYTES, || format!("a receipt has {size} bytes"))?;
        Ok(receipt)
    }

    /// Records in the checkpoint that all that was written is safe, with a receipt or without.
    pub(super) fn record(&mut self, receipt: Option<Receipt>) {
        for (_, rows) in self.open.drain(..) {
            self.committed.extend(rows.clone());
            self.due.extend(rows);
        }
        if receipt.is_some() {
            self.receipt = receipt;
        }
    }

    /// Publishes the last receipt.
    pub(super) async fn publish(&mut self) -> Result<(), Violation> {
        match &self.receipt {
            Some(receipt) => within("publish", self.sink.publish(receipt)).await,
            None => Ok(()),
        }
    }

    /// Settles, records and publishes.
    pub(super) async fn commit(&mut self) -> Result<(), Violation> {
        let receipt = self.settle(true).await?;
        let is_new = receipt.is_some();
        self.record(receipt);
        if is_new { self.publish().await } else { Ok(()) }
    }

    /// Gives up what was written and not committed; the numbers of its batches come again.
    pub(super) fn give_up(&mut self) {
        self.next_batch -= self.open.len() as u64;
        self.open.clear();
    }

    /// The rows that readers see.
    pub(super) fn seen(&mut self) -> Result<Vec<u32>, Violation> {
        let texts = (self.visible)();
        let rows = texts.iter().map(|text| {
            let known = number_in(text).filter(|row| *row < self.next_row);
            known.ok_or_else(|| Violation(format!("a row is visible that was not written: {text}")))
        });
        rows.collect()
    }

    /// Holds what readers see against what was committed.
    pub(super) fn look(&mut self, when: &str) -> Result<(), Violation> {
        if self.promise == Promise::Nothing {
            return Ok(());
        }
        let mut times: BTreeMap<u32, usize> = BTreeMap::new();
        for row in self.seen()? {
            *times.entry(row).or_default() += 1;
        }
        for row in &self.due {
            require(times.contains_key(row), || {
                format!("{when}: row {row} is committed and not visible")
            })?;
        }
        if self.promise != Promise::ExactlyOnce {
            return Ok(());
        }
        let twice = times.iter().find(|(_, times)| **times > 1);
        require(twice.is_none(), || format!("{when}: rows are visible twice, such as {twice:?}"))?;
        let early = times.keys().find(|row| !self.committed.contains(row));
        require(early.is_none() || !self.settles(), || {
            format!("{when}: rows are visible that are not committed, such as {early:?}")
        })
    }
}

/// A call that must work, and within bounds.
async fn within<T>(
    what: &str,
    call: impl Future<Output = Result<T, SinkError>>,
) -> Result<T, Violation> {
    let answer = timeout(PATIENCE, call).await;
    answer
        .map_err(|_| Violation(format!("{what} gives no answer within {PATIENCE:?}")))?
        .map_err(during(what))
}

/// The rows that are to be written once more. None of the suite's rows can be refused for good.
fn retried(batch: &Batch, written: &Written) -> Result<Batch, String> {
    let mut named = BTreeSet::new();
    for rejected in &written.rejected {
        let (chunk, row) = (rejected.chunk, rejected.row);
        let rows = batch.chunks.get(chunk).map_or(0, |chunk| chunk.columns.num_rows());
        if row >= rows {
            return Err(format!("row {row} of chunk {chunk} is refused, and there is none such"));
        }
        if !named.insert((chunk, row)) {
            return Err(format!("row {row} of chunk {chunk} is refused twice"));
        }
        if rejected.verdict == Verdict::DeadLetter {
            return Err(format!("a plain row is refused: {}", rejected.reason.text));
        }
    }
    let again = |(chunk, row): &(usize, usize)| Rows {
        columns: RecordBatch::slice(&batch.chunks[*chunk].columns, *row, 1),
        origin: None,
    };
    Ok(batch.with_chunks(named.iter().map(again).collect()))
}

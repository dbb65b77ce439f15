//! One micro-batch, as sinks see it.

use std::sync::Arc;

use arrow::array::{RecordBatch, UInt32Array};

use crate::range::Range;

/// The number of a batch within its pipeline, from 1, without gaps. It survives a restart: a
/// batch that was planned before a crash is read again under the same number.
pub type BatchId = u64;

/// One micro-batch on its way to the sinks.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Its number.
    pub id: BatchId,
    /// When it was planned, in milliseconds since the Unix epoch: the same when it comes again
    /// after a crash.
    pub time_ms: u64,
    /// Which life of the checkpoint the number belongs to: numbers begin anew, under another
    /// lineage, when a checkpoint is deleted.
    pub lineage: Arc<str>,
    /// Its rows. Chunks may differ in schema when a pipeline has several sources and no
    /// transform. A row is named by the index of its chunk and its index within.
    pub chunks: Vec<Rows>,
}

impl Batch {
    /// A batch that no checkpoint planned: time 0, no lineage.
    #[must_use]
    pub fn new(id: BatchId, chunks: Vec<Rows>) -> Self {
        Self { id, time_ms: 0, lineage: Arc::default(), chunks }
    }

    /// The same batch with other rows.
    #[must_use]
    pub fn with_chunks(&self, chunks: Vec<Rows>) -> Self {
        Self { chunks, lineage: self.lineage.clone(), ..*self }
    }

    /// How many rows all chunks have together.
    #[must_use]
    pub fn num_rows(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.columns.num_rows()).sum()
    }
}

/// Rows of one schema.
#[derive(Clone, Debug)]
pub struct Rows {
    /// The columns.
    pub columns: RecordBatch,
    /// Where the rows came from; `None` when a transform made rows that came from many places.
    pub origin: Option<Origin>,
}

/// Where the rows of one chunk came from: what a dead letter needs to say.
#[derive(Clone, Debug)]
pub struct Origin {
    /// What was read.
    pub slice: Arc<Slice>,
    /// For each row its index in the slice's records; `None` if they correspond one to one.
    pub rows: Option<UInt32Array>,
}

impl Origin {
    /// The index in the slice's records of a row of the chunk.
    #[must_use]
    pub fn raw_row(&self, row: usize) -> usize {
        match &self.rows {
            Some(rows) if row < rows.len() => rows.value(row) as usize,
            _ => row,
        }
    }
}

/// What a source read from one split: raw columns, before a format has looked at them.
#[derive(Clone, Debug)]
pub struct Slice {
    /// Where it was read.
    pub range: Range,
    /// The columns as the source names them.
    pub records: RecordBatch,
    /// The index of the column with the bytes of each record as they arrived (binary or text),
    /// for dead letters; `None` for sources that make typed columns themselves.
    pub raw: Option<usize>,
    /// The index of the column with each record's own position; `None` if it cannot be told.
    pub position: Option<usize>,
}

//! The last rows, bounded in number and bytes.

use std::collections::VecDeque;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use forebay_core::{Batch, BatchId};
use forebay_formats::encode::json_lines;
use serde_json::{Value, json};

/// The last rows, bounded in number and bytes.
#[derive(Debug)]
pub(crate) struct Table {
    /// Each row as JSON, the oldest first.
    rows: VecDeque<String>,
    bytes: u64,
    max_rows: usize,
    max_bytes: u64,
    /// Rows that were taken since the start.
    total_rows: u64,
    /// The batch that was taken last, to know it when it comes again.
    last_batch: Option<BatchId>,
}

impl Table {
    pub(crate) fn new(max_rows: usize, max_bytes: u64) -> Self {
        let rows = VecDeque::new();
        Self { rows, bytes: 0, max_rows, max_bytes, total_rows: 0, last_batch: None }
    }

    /// Adds the rows of a batch, unless it was here before.
    pub(crate) fn add(&mut self, batch: &Batch) -> Result<(), ArrowError> {
        if self.last_batch.is_some_and(|last| batch.id <= last) {
            return Ok(());
        }
        let last = batch.chunks.iter().map(|chunk| lines(&chunk.columns, self.max_rows));
        let lines = last.collect::<Result<Vec<_>, _>>()?;
        for line in lines.iter().flat_map(|lines| lines.lines()) {
            self.push(line.to_owned());
        }
        self.total_rows += batch.num_rows() as u64;
        self.last_batch = Some(batch.id);
        Ok(())
    }

    /// Adds a row and pushes out the oldest ones.
    fn push(&mut self, mut row: String) {
        if row.len() as u64 > self.max_bytes {
            row = json!({"oversize_bytes": row.len()}).to_string();
        }
        self.bytes += row.len() as u64;
        self.rows.push_back(row);
        while self.rows.len() > self.max_rows || self.bytes > self.max_bytes {
            let Some(oldest) = self.rows.pop_front() else { return };
            self.bytes -= oldest.len() as u64;
        }
    }

    /// The rows, the oldest first.
    pub(crate) fn show(&self) -> Value {
        let rows = self.rows.iter().map(|row| serde_json::from_str(row));
        json!({
            "total_rows": self.total_rows,
            "last_batch": self.last_batch,
            "bytes": self.bytes,
            "rows": rows.map(|row| row.unwrap_or(Value::Null)).collect::<Vec<_>>(),
        })
    }
}

/// The last rows of a chunk as lines: those before them would be pushed out at once.
fn lines(rows: &RecordBatch, max_rows: usize) -> Result<String, ArrowError> {
    let skipped = rows.num_rows().saturating_sub(max_rows);
    let bytes = json_lines(&rows.slice(skipped, rows.num_rows() - skipped))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

//! Records that arrived together, with their place in the journal.

use arrow::array::{Array, BinaryArray};

use crate::dead_letter::Reason;
use crate::receiver::Chunk;

/// Records that arrived together, with their place in the journal.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    /// The sequence number of the first record.
    pub(crate) first: u64,
    /// The sequence number after the last record. It is further away than there are records where
    /// a damaged frame lost some.
    pub(crate) until: u64,
    /// When they came, in milliseconds since the Unix epoch.
    pub(crate) received_ms: u64,
    /// The records.
    pub(crate) chunk: Chunk,
    /// Why they were refused, if they are to become dead letters.
    pub(crate) reason: Option<Reason>,
}

impl Piece {
    /// The number of records, which is never 0.
    pub(crate) fn records(&self) -> usize {
        self.chunk.values.len()
    }

    /// Records from one row on, so many.
    pub(crate) fn slice(&self, row: usize, records: usize) -> Self {
        let chunk = Chunk { values: self.chunk.values.slice(row, records), ..self.chunk.clone() };
        let last = row + records == self.records();
        Self {
            first: self.first + row as u64,
            until: if last { self.until } else { self.first + (row + records) as u64 },
            received_ms: self.received_ms,
            chunk,
            reason: self.reason.clone(),
        }
    }
}

/// Bytes of all values together.
pub(crate) fn value_bytes(values: &BinaryArray) -> u64 {
    let offsets = values.value_offsets();
    match (offsets.first(), offsets.last()) {
        (Some(first), Some(last)) => u64::try_from(last - first).unwrap_or(0),
        _ => 0,
    }
}

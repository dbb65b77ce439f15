//! Takes records from pieces, within a grant.

use std::sync::Arc;

use crate::batch::Slice;
use crate::position::Position;
use crate::range::Range;
use crate::split::Grant;

use super::SPLIT;
use super::piece::{Piece, value_bytes};
use super::rows;

/// The most bytes of values in one slice: offsets in Arrow columns are 32 bits wide.
const MAX_SLICE_BYTES: u64 = 1 << 30;

/// Takes records from pieces, in order, within a grant.
#[derive(Debug)]
pub(crate) struct Gather {
    /// The sequence number of the next record to take.
    next: u64,
    /// The sequence number before which to stop.
    until: u64,
    records_left: u64,
    bytes_left: u64,
    taken: Vec<Piece>,
    records: u64,
    bytes: u64,
    full: bool,
}

impl Gather {
    /// Takes from `from` and before `until`, at most so many records and bytes.
    pub(crate) fn new(from: u64, until: u64, records: u64, bytes: u64) -> Self {
        Self {
            next: from,
            until,
            records_left: records.max(1),
            bytes_left: bytes.min(MAX_SLICE_BYTES),
            taken: Vec::new(),
            records: 0,
            bytes: 0,
            full: from >= until,
        }
    }

    /// Takes within a grant, from `from` and before `end`.
    pub(crate) fn of_grant(grant: &Grant, from: u64, end: u64) -> Self {
        let until = grant.until.as_ref().and_then(Position::as_u64).unwrap_or(end).min(end);
        Self::new(from, until, grant.records, grant.bytes)
    }

    /// Whether no more can be taken.
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    /// Whether records and bytes ran out before all was taken.
    pub(crate) fn is_cut_short(&self) -> bool {
        self.full && self.next < self.until
    }

    /// How many more bytes of values may be taken.
    pub(crate) fn bytes_left(&self) -> u64 {
        self.bytes_left
    }

    /// The sequence number of the next record to take.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Takes from a piece what may be taken. Pieces come in order.
    pub(crate) fn take(&mut self, piece: &Piece) {
        if self.full || piece.until <= self.next {
            return;
        }
        if piece.first >= self.until {
            self.full = true;
            return;
        }
        let rows = piece.records();
        let start = usize::try_from(self.next.saturating_sub(piece.first)).unwrap_or(usize::MAX);
        if start >= rows {
            // The position stands within what a damaged frame lost.
            self.next = piece.until;
            return;
        }
        let before_until = usize::try_from(self.until - piece.first).unwrap_or(usize::MAX);
        let granted = usize::try_from(self.records_left).unwrap_or(usize::MAX);
        let end = rows.min(before_until).min(start.saturating_add(granted));
        let offsets = piece.chunk.values.value_offsets();
        let begin = i64::from(offsets[start]);
        let fitting = offsets[start + 1..=end].partition_point(|offset| {
            u64::try_from(i64::from(*offset) - begin).unwrap_or(u64::MAX) <= self.bytes_left
        });
        let count = match fitting {
            0 if self.taken.is_empty() => 1,
            fitting => fitting,
        };
        if count == 0 {
            self.full = true;
            return;
        }
        let taken = piece.slice(start, count);
        let bytes = value_bytes(&taken.chunk.values);
        self.records += count as u64;
        self.bytes += bytes;
        self.records_left -= count as u64;
        self.bytes_left = self.bytes_left.saturating_sub(bytes);
        self.next = taken.until;
        self.full = start + count < rows || self.records_left == 0 || self.next >= self.until;
        self.taken.push(taken);
    }

    /// What was taken as one slice that begins at `from`; `None` if it is nothing.
    ///
    /// # Errors
    /// If the records do not fit into Arrow columns.
    pub(crate) fn into_slice(
        self,
        source: &Arc<str>,
        generation: u64,
        from: Position,
    ) -> Result<Option<Slice>, arrow::error::ArrowError> {
        if self.taken.is_empty() {
            return Ok(None);
        }
        let until = Position::from(self.next);
        self.into_range(source, generation, from, until).map(Some)
    }

    /// What was taken as the slice of a range that was read before; also if it is nothing.
    ///
    /// # Errors
    /// If the records do not fit into Arrow columns.
    pub(crate) fn into_replay(self, range: &Range) -> Result<Slice, arrow::error::ArrowError> {
        if self.is_cut_short() {
            return Err(rows::too_large("values", range.bytes));
        }
        let (from, until) = (range.from.clone(), range.until.clone());
        self.into_range(&range.source, range.generation, from, until)
    }

    fn into_range(
        self,
        source: &Arc<str>,
        generation: u64,
        from: Position,
        until: Position,
    ) -> Result<Slice, arrow::error::ArrowError> {
        let range = Range {
            source: source.clone(),
            split: SPLIT.into(),
            generation,
            from,
            until,
            records: self.records,
            bytes: self.bytes,
            last: false,
        };
        let records = rows::columns(&self.taken)?;
        Ok(Slice { range, records, raw: Some(rows::VALUE), position: Some(rows::SEQ) })
    }
}

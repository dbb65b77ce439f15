//! Whole rows as the values of records.

use std::ops::Range;

use arrow::array::RecordBatch;
use forebay_core::dead_letter::Reason;

use super::encoder::EncodeError;
use super::records::{RecordEncoding, Records};

/// Rows that are encoded at a time.
const BLOCK_ROWS: usize = 1024;

/// Whole rows as the values of records, encoded a block at a time.
pub struct RowsAsValues<'a> {
    encoding: &'a RecordEncoding,
    rows: &'a RecordBatch,
    block: Block,
}

#[derive(Debug, Default)]
struct Block {
    rows: Range<usize>,
    records: Records,
    /// What to say of rows that have no bytes, if some of the block have none.
    unfit: Option<Vec<Result<usize, Reason>>>,
}

impl<'a> RowsAsValues<'a> {
    /// Rows that are encoded so.
    ///
    /// # Errors
    /// If the format cannot hold such columns.
    pub fn new(encoding: &'a RecordEncoding, rows: &'a RecordBatch) -> Result<Self, String> {
        let mut block = Block::default();
        encoding.encode(&rows.slice(0, 0), &mut block.records).map_err(|error| match error {
            EncodeError::Columns(text) | EncodeError::Value(text) => text,
            other => other.to_string(),
        })?;
        Ok(Self { encoding, rows, block })
    }

    /// The bytes of a row.
    ///
    /// # Errors
    /// If the format cannot hold one of its values.
    pub fn get(&mut self, row: usize) -> Result<&[u8], Reason> {
        if !self.block.rows.contains(&row) {
            let first = row - row % BLOCK_ROWS;
            self.encode(first..(first + BLOCK_ROWS).min(self.rows.num_rows()));
        }
        let within = row - self.block.rows.start;
        let place = match &self.block.unfit {
            None => within,
            Some(places) => match places.get(within) {
                Some(Ok(place)) => *place,
                Some(Err(reason)) => return Err(reason.clone()),
                None => within,
            },
        };
        self.block.records.get(place).ok_or_else(|| Reason::new("range", "the row has no bytes"))
    }

    fn encode(&mut self, range: Range<usize>) {
        let rows = self.rows.slice(range.start, range.len());
        let misfits = self.encoding.misfits(&rows);
        let block = &mut self.block;
        block.rows = range;
        block.unfit = None;
        if misfits.is_empty() && self.encoding.encode(&rows, &mut block.records).is_ok() {
            return;
        }
        // Some row does not fit: find each, and encode the others.
        let mut places: Vec<Result<usize, Reason>> = Vec::with_capacity(rows.num_rows());
        let mut fitting = Vec::new();
        let mut misfits = misfits.into_iter().peekable();
        for row in 0..rows.num_rows() {
            let known = misfits.next_if(|(misfit, _)| *misfit == row).map(|(_, reason)| reason);
            let alone = rows.slice(row, 1);
            let tried = |error: EncodeError| Reason::new("range", error.to_string());
            let result = match known {
                Some(reason) => Err(reason),
                None => self.encoding.encode(&alone, &mut block.records).map_err(tried),
            };
            places.push(result.map(|()| fitting.len()));
            if places[row].is_ok() {
                fitting.push(u32::try_from(row).unwrap_or_default());
            }
        }
        let fitting = arrow::array::UInt32Array::from(fitting);
        let encoded = arrow::compute::take_record_batch(&rows, &fitting)
            .map_err(|error| EncodeError::Value(error.to_string()))
            .and_then(|rows| self.encoding.encode(&rows, &mut block.records));
        if let Err(error) = encoded {
            let reason = Reason::new("range", error.to_string());
            places.iter_mut().for_each(|place| *place = Err(reason.clone()));
        }
        block.unfit = Some(places);
    }
}

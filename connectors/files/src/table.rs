//! Files that hold records in a format of their own.

use std::sync::Arc;
use std::time::Instant;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt64Array};
use arrow::compute::concat_batches;
use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use forebay_formats::container::{Container, HEADER};
use forebay_formats::text_files::{Gathered, Place, place_fields};

use crate::lines::Limits;
use crate::reader::Failure;

/// Records that are read from a file in one go.
const CHUNK: usize = 8192;

/// How much of a record that is too long is kept, in bytes.
const KEPT: usize = 4096;

/// An open file whose records are counted from 0.
pub(crate) struct Table {
    container: Box<dyn Container>,
    /// Whether it yields the bytes of CSV records, for a decoder, and not typed columns.
    is_csv: bool,
    max_record: usize,
    /// Columns of the place to add to typed ones.
    keep: Vec<String>,
    /// Records that were read and not taken yet.
    rest: Option<RecordBatch>,
    /// Every record before this is taken.
    position: u64,
    /// What went wrong when records could still be given out before.
    failed: Option<Failure>,
}

/// Records that were taken.
pub(crate) struct Taken {
    pub(crate) records: RecordBatch,
    pub(crate) bytes: u64,
}

impl Table {
    pub(crate) fn new(
        container: Box<dyn Container>,
        is_csv: bool,
        from: u64,
        max_record: usize,
        keep: Vec<String>,
    ) -> Self {
        Self { container, is_csv, max_record, keep, rest: None, position: from, failed: None }
    }

    /// Every record before this is taken.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// How many records the file has, if it says so itself.
    pub(crate) fn total(&self) -> Option<u64> {
        self.container.total_records()
    }

    /// Takes records within the limits; none if there are no more. Says whether the file ends
    /// behind them.
    ///
    /// # Errors
    /// If the file cannot be read, and nothing was left to take from before.
    pub(crate) fn take(
        &mut self,
        limits: &Limits,
        place: &Place,
    ) -> Result<(Option<Taken>, bool), Failure> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut most = limits.records;
        if let Some(until) = limits.until {
            most = most.min(until.saturating_sub(self.position));
        }
        let (mut bytes, mut left) = (0, limits.bytes);
        let mut parts = Vec::new();
        let mut at_end = false;
        loop {
            match self.peek() {
                Ok(true) => {}
                Ok(false) => {
                    at_end = true;
                    break;
                }
                Err(error) if parts.is_empty() => return Err(error),
                Err(error) => {
                    self.failed = Some(error);
                    break;
                }
            }
            let Some(rest) = &self.rest else { break };
            let fits = fitting(rest, usize::try_from(most).unwrap_or(usize::MAX), left);
            let rows = if parts.is_empty() && most > 0 { fits.max(1) } else { fits };
            if rows == 0 {
                break;
            }
            let part = rest.slice(0, rows);
            self.rest = (rows < rest.num_rows()).then(|| rest.slice(rows, rest.num_rows() - rows));
            bytes += size(&part);
            left = limits.bytes.saturating_sub(bytes);
            most -= rows as u64;
            parts.push(self.finished(&part, place)?);
            self.position += rows as u64;
            if limits.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                break;
            }
        }
        let Some(first) = parts.first() else { return Ok((None, at_end)) };
        let records = concat_batches(&first.schema(), &parts).map_err(odd)?;
        Ok((Some(Taken { records, bytes }), at_end))
    }

    /// Reads on if nothing is left from before; false at the end.
    fn peek(&mut self) -> Result<bool, Failure> {
        if self.rest.is_none() {
            let records = self.container.read(self.position, CHUNK)?;
            self.rest = (records.num_rows() > 0).then_some(records);
        }
        Ok(self.rest.is_some())
    }

    /// The records with the columns that say where they stand.
    fn finished(&self, records: &RecordBatch, place: &Place) -> Result<RecordBatch, Failure> {
        let numbers = self.position..self.position + records.num_rows() as u64;
        if !self.is_csv {
            return self.typed(records, place, numbers.collect()).map_err(odd);
        }
        let values = records.column(0).as_binary::<i32>();
        let mut gathered = Gathered::new();
        for (number, value) in numbers.zip(values) {
            let value = value.unwrap_or_default();
            if value.len() > self.max_record {
                let max = self.max_record;
                let text =
                    format!("the record has {} bytes, and at most {max} are allowed", value.len());
                gathered.push(&value[..value.len().min(KEPT)], number, Some(&text));
            } else {
                gathered.push(value, number, None);
            }
        }
        let header = records.column_by_name(HEADER).map(Arc::clone);
        gathered.finish(place, header).map_err(odd)
    }

    /// First the position of each record, then the columns of the file, last those of the place
    /// that are kept.
    fn typed(
        &self,
        records: &RecordBatch,
        place: &Place,
        numbers: Vec<u64>,
    ) -> Result<RecordBatch, ArrowError> {
        let position: ArrayRef = Arc::new(UInt64Array::from(numbers.clone()));
        let [_, offset, _] = place_fields();
        let mut fields = vec![Arc::new(offset)];
        let mut columns = vec![position];
        fields.extend(records.schema().fields().iter().cloned());
        columns.extend_from_slice(records.columns());
        if !self.keep.is_empty() {
            for (field, column) in place_fields().into_iter().zip(place.columns(numbers)) {
                if self.keep.contains(field.name()) {
                    fields.push(Arc::new(field));
                    columns.push(column);
                }
            }
        }
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
    }
}

/// Columns that do not go together, which no container yields.
fn odd(error: ArrowError) -> Failure {
    Failure::Unreadable(error.to_string())
}

/// The bytes of the records, not counting what they share with others.
fn size(records: &RecordBatch) -> u64 {
    let of = |column: &Arc<dyn Array>| column.to_data().get_slice_memory_size().unwrap_or(0) as u64;
    records.columns().iter().map(of).sum()
}

/// How many of the first records, at most `most`, have at most so many bytes together.
fn fitting(records: &RecordBatch, most: usize, bytes: u64) -> usize {
    let most = most.min(records.num_rows());
    if size(&records.slice(0, most)) <= bytes {
        return most;
    }
    let (mut fits, mut exceeds) = (0, most);
    while exceeds - fits > 1 {
        let middle = fits + (exceeds - fits) / 2;
        match size(&records.slice(0, middle)) <= bytes {
            true => fits = middle,
            false => exceeds = middle,
        }
    }
    fits
}

//! A record as it passed a stage.

use std::sync::Arc;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;

use crate::batch::{BatchId, Rows, Slice};
use crate::dead_letter::{DeadLetter, raw_columns_to_text};
use crate::engine::letters::{bytes_at, row_as_json, text_at};

/// How many records of one batch are sampled.
const PER_BATCH: usize = 8;

/// How much of a record's bytes is kept.
const MAX_BYTES: usize = 64 << 10;

/// The largest row, in bytes, that is kept.
const MAX_ROW_BYTES: usize = 1 << 20;

/// A record as it passed a stage, with its origin as far as it is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The batch.
    pub batch: BatchId,
    /// The source.
    pub source: Option<Arc<str>>,
    /// The split within the source.
    pub split: Option<String>,
    /// Its position in the split.
    pub position: Option<String>,
    /// What it was.
    pub content: Content,
}

/// What a record was when it passed.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Bytes, before a format looked at them.
    Record {
        /// Its bytes, or the first 64 KiB of them.
        bytes: Vec<u8>,
        /// How many it has.
        size: usize,
        /// Its other columns as the text of a JSON object.
        columns: Option<String>,
    },
    /// Columns: one row.
    Row(RecordBatch),
    /// A row that is too large to be copied, of so many bytes.
    LargeRow(usize),
    /// A record that was refused.
    Letter(Box<DeadLetter>),
}

/// Records of what was read, spread over all of it.
pub(in crate::engine) fn of_slices(batch: BatchId, slices: &[Slice]) -> Vec<Sample> {
    let lengths = slices.iter().map(|slice| slice.records.num_rows());
    let one = |(index, row): (usize, usize)| {
        let slice = &slices[index];
        let bytes = slice.raw.and_then(|raw| Some((raw, bytes_at(&slice.records, raw, row)?)));
        let (mut bytes, columns) = match bytes {
            Some((raw, bytes)) => (bytes, raw_columns_to_text(&slice.records, row, raw)),
            None => (row_as_json(&slice.records, row), None),
        };
        let size = bytes.len();
        bytes.truncate(MAX_BYTES);
        of_slice(batch, slice, row, Content::Record { bytes, size, columns })
    };
    spread(lengths).into_iter().map(one).collect()
}

/// Rows, spread over all of them.
pub(in crate::engine) fn of_rows<'a>(
    batch: BatchId,
    rows: impl Iterator<Item = &'a Rows>,
) -> Vec<Sample> {
    let rows: Vec<&Rows> = rows.collect();
    let lengths = rows.iter().map(|rows| rows.columns.num_rows());
    let one = |(index, row): (usize, usize)| {
        let content = copied(&rows[index].columns, row);
        match &rows[index].origin {
            Some(origin) => of_slice(batch, &origin.slice, origin.raw_row(row), content),
            None => Sample { batch, source: None, split: None, position: None, content },
        }
    };
    spread(lengths).into_iter().map(one).collect()
}

/// Letters, spread over all of them.
pub(in crate::engine) fn of_letters(letters: &[DeadLetter]) -> Vec<Sample> {
    let one = |(_, row): (usize, usize)| {
        let letter = &letters[row];
        Sample {
            batch: letter.batch,
            source: letter.source.clone(),
            split: letter.split.clone(),
            position: letter.position.clone(),
            content: Content::Letter(Box::new(letter.clone())),
        }
    };
    spread([letters.len()].into_iter()).into_iter().map(one).collect()
}

fn of_slice(batch: BatchId, slice: &Slice, row: usize, content: Content) -> Sample {
    let position = match slice.position {
        Some(column) => text_at(&slice.records, column, row),
        None => slice.range.from.to_string(),
    };
    Sample {
        batch,
        source: Some(slice.range.source.clone()),
        split: Some(slice.range.split.to_string()),
        position: Some(position),
        content,
    }
}

/// A row in memory of its own: a slice would hold on to the whole batch.
fn copied(columns: &RecordBatch, row: usize) -> Content {
    let index = UInt32Array::from(vec![u32::try_from(row).unwrap_or(u32::MAX)]);
    match take_record_batch(columns, &index) {
        Ok(row) if row.get_array_memory_size() <= MAX_ROW_BYTES => Content::Row(row),
        Ok(row) => Content::LargeRow(row.get_array_memory_size()),
        Err(_) => Content::LargeRow(0),
    }
}

/// Rows at equal distances, the first at random so that what recurs is not always missed: the
/// index of a part, and that of a row within.
fn spread(lengths: impl Iterator<Item = usize> + Clone) -> Vec<(usize, usize)> {
    let all: usize = lengths.clone().sum();
    let step = all.div_ceil(PER_BATCH).max(1);
    let mut next = fastrand::usize(..step);
    let mut before = 0;
    let mut chosen = Vec::new();
    for (index, length) in lengths.enumerate() {
        while next < before + length {
            chosen.push((index, next - before));
            next += step;
        }
        before += length;
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_chosen_and_from_all_parts() {
        for lengths in [vec![0], vec![3], vec![1_000, 0, 7], vec![100; 100], vec![1; 8]] {
            let all: usize = lengths.iter().sum();
            let chosen = spread(lengths.iter().copied());
            assert!(chosen.len() <= PER_BATCH && chosen.len() >= all.min(PER_BATCH / 2));
            assert!(chosen.iter().all(|(part, row)| *row < lengths[*part]), "{chosen:?}");
            assert!(chosen.is_sorted());
        }
        assert_eq!(spread([2, 1].into_iter()), [(0, 0), (0, 1), (1, 0)]);
    }
}

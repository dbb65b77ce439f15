//! Avro object container files.

use std::fs::File;
use std::io::{BufReader, Chain, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow_avro::reader::{Reader, ReaderBuilder};

use super::avro_blocks::Blocks;
use super::error::ContainerError;
use super::open::{Container, guarded};
use crate::conform::Conform;
use crate::schema::SchemaSpec;

/// Records that are decoded together.
const BATCH: usize = 8192;

/// The header of the file, and behind it the blocks from some block on.
type Blockwise = BufReader<Chain<Cursor<Vec<u8>>, File>>;

/// An open Avro file.
pub(super) struct AvroFile {
    path: PathBuf,
    blocks: Blocks,
    schema: SchemaRef,
    reader: Option<Reader<Blockwise>>,
    /// What was decoded but not asked for yet.
    rest: Option<RecordBatch>,
    /// The number of the record that comes next.
    next: u64,
}

impl AvroFile {
    pub(super) fn open(path: &Path, wanted: Option<&SchemaSpec>) -> Result<Self, ContainerError> {
        let io = |error| ContainerError::io(path, error);
        let file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let blocks = Blocks::find(BufReader::new(file), length).map_err(|(at, what)| {
            ContainerError::corrupt(path, "Avro", format!("at byte {at}"), what)
        })?;
        let header = Cursor::new(blocks.header.clone());
        let reader = ReaderBuilder::new()
            .build(BufReader::new(header))
            .map_err(|error| ContainerError::corrupt(path, "Avro", "at its header", error))?;
        let schema = reader.schema();
        if let Some(wanted) = wanted {
            Conform::new(&schema, wanted).map_err(|mismatches| ContainerError::Schema {
                path: path.to_owned(),
                mismatches,
            })?;
        }
        Ok(Self { path: path.to_owned(), blocks, schema, reader: None, rest: None, next: 0 })
    }

    fn corrupt(&self, record: u64, error: impl ToString) -> ContainerError {
        let place = format!("among the records from {record} on");
        ContainerError::corrupt(&self.path, "Avro", place, error)
    }

    /// Begins at the block that holds a record.
    fn seek(&mut self, from: u64) -> Result<(), ContainerError> {
        let io = |error| ContainerError::io(&self.path, error);
        let block = self.blocks.starts.partition_point(|(record, _)| *record <= from);
        let (record, offset) = self.blocks.starts[block.saturating_sub(1)];
        let mut file = File::open(&self.path).map_err(io)?;
        file.seek(SeekFrom::Start(offset)).map_err(io)?;
        let header = Cursor::new(self.blocks.header.clone());
        let reader = ReaderBuilder::new()
            .with_batch_size(BATCH)
            .build(BufReader::new(header.chain(file)))
            .map_err(|error| self.corrupt(record, error))?;
        self.reader = Some(reader);
        self.rest = None;
        self.next = record;
        while self.next < from {
            let batch = self.decoded(self.next)?;
            self.hand_out(&batch, usize::try_from(from - self.next).unwrap_or(usize::MAX));
        }
        Ok(())
    }

    /// What was left over, or else what is decoded next.
    fn decoded(&mut self, from: u64) -> Result<RecordBatch, ContainerError> {
        if let Some(rest) = self.rest.take() {
            return Ok(rest);
        }
        match self.reader.as_mut().and_then(Iterator::next) {
            Some(Ok(batch)) if batch.num_rows() > 0 => Ok(batch),
            Some(Ok(_)) | None => Err(self.corrupt(from, "fewer records than the blocks say")),
            Some(Err(error)) => Err(self.corrupt(from, error)),
        }
    }

    /// At most `max` rows of a batch; the others stay for later.
    fn hand_out(&mut self, batch: &RecordBatch, max: usize) -> RecordBatch {
        let count = batch.num_rows().min(max);
        self.next += count as u64;
        if count < batch.num_rows() {
            self.rest = Some(batch.slice(count, batch.num_rows() - count));
        }
        batch.slice(0, count)
    }

    fn read_next(&mut self, from: u64, max: usize) -> Result<RecordBatch, ContainerError> {
        let end = self.total_records().unwrap_or_default();
        if from >= end || max == 0 {
            return Ok(RecordBatch::new_empty(self.schema()));
        }
        if self.reader.is_none() || self.next != from {
            self.seek(from)?;
        }
        let batch = self.decoded(from)?;
        Ok(self.hand_out(&batch, max))
    }
}

impl Container for AvroFile {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn total_records(&self) -> Option<u64> {
        self.blocks.starts.last().map(|(records, _)| *records)
    }

    fn read(&mut self, from: u64, max: usize) -> Result<RecordBatch, ContainerError> {
        let path = self.path.clone();
        let place = format!("among the records from {from} on");
        let read = guarded(&path, "Avro", &place, || self.read_next(from, max));
        if read.is_err() {
            self.reader = None;
            self.rest = None;
        }
        read
    }
}

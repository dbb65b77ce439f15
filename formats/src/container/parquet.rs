//! Parquet files.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};

use super::error::ContainerError;
use super::open::{Container, guarded};
use crate::conform::Conform;
use crate::schema::SchemaSpec;

/// Records that are decoded together.
const BATCH: usize = 8192;

/// An open Parquet file.
pub(super) struct ParquetFile {
    path: PathBuf,
    file: File,
    metadata: ArrowReaderMetadata,
    schema: SchemaRef,
    /// The columns that are wanted; all if none are named.
    wanted: Option<Vec<usize>>,
    /// The number of the first record of each row group, and of the end.
    starts: Vec<u64>,
    reader: Option<ParquetRecordBatchReader>,
    /// What was decoded but not asked for yet.
    rest: Option<RecordBatch>,
    /// The number of the record that comes next.
    next: u64,
}

impl ParquetFile {
    pub(super) fn open(path: &Path, wanted: Option<&SchemaSpec>) -> Result<Self, ContainerError> {
        let corrupt = |error| ContainerError::corrupt(path, "Parquet", "at its metadata", error);
        let file = File::open(path).map_err(|error| ContainerError::io(path, error))?;
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())
            .map_err(|error| corrupt(error.to_string()))?;
        let conform = wanted
            .map(|wanted| Conform::new(metadata.schema(), wanted))
            .transpose()
            .map_err(|mismatches| ContainerError::Schema { path: path.to_owned(), mismatches })?;
        let mut starts = vec![0];
        let mut end = 0u64;
        for group in metadata.metadata().row_groups() {
            end = u64::try_from(group.num_rows())
                .ok()
                .and_then(|rows| end.checked_add(rows))
                .ok_or_else(|| corrupt("a row group has a negative number of rows".into()))?;
            starts.push(end);
        }
        let found = metadata.schema();
        let wanted: Option<Vec<usize>> = conform.map(|conform| {
            let schema = conform.schema();
            let mut roots: Vec<_> =
                schema.fields().iter().filter_map(|it| found.index_of(it.name()).ok()).collect();
            roots.sort_unstable();
            roots
        });
        let schema = match &wanted {
            Some(roots) => {
                Arc::new(found.project(roots).map_err(|error| corrupt(error.to_string()))?)
            }
            None => Arc::clone(found),
        };
        let path = path.to_owned();
        Ok(Self { path, file, metadata, schema, wanted, starts, reader: None, rest: None, next: 0 })
    }

    /// A reader that begins at a record.
    fn seek(&mut self, from: u64) -> Result<(), ContainerError> {
        let group = self.starts.partition_point(|start| *start <= from).saturating_sub(1);
        let groups = self.starts.len() - 1;
        let skip = usize::try_from(from - self.starts[group]).unwrap_or(usize::MAX);
        let file = self.file.try_clone().map_err(|error| ContainerError::io(&self.path, error))?;
        let mut builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
                .with_batch_size(BATCH)
                .with_row_groups((group..groups).collect())
                .with_offset(skip);
        if let Some(wanted) = &self.wanted {
            let mask = ProjectionMask::roots(builder.parquet_schema(), wanted.iter().copied());
            builder = builder.with_projection(mask);
        }
        let reader = builder.build().map_err(|error| self.corrupt(from, error))?;
        self.reader = Some(reader);
        self.rest = None;
        self.next = from;
        Ok(())
    }

    fn corrupt(&self, record: u64, error: impl ToString) -> ContainerError {
        let place = format!("among the records from {record} on");
        ContainerError::corrupt(&self.path, "Parquet", place, error)
    }

    fn read_next(&mut self, from: u64, max: usize) -> Result<RecordBatch, ContainerError> {
        let end = self.starts.last().copied().unwrap_or_default();
        if from >= end || max == 0 {
            return Ok(RecordBatch::new_empty(Arc::clone(&self.schema)));
        }
        if self.reader.is_none() || self.next != from {
            self.seek(from)?;
        }
        let batch = match self.rest.take() {
            Some(rest) => rest,
            None => match self.reader.as_mut().and_then(Iterator::next) {
                Some(batch) => batch.map_err(|error| self.corrupt(from, error))?,
                None => return Err(self.corrupt(from, "fewer records than the metadata says")),
            },
        };
        let count = batch.num_rows().min(max);
        self.next = from + count as u64;
        if count < batch.num_rows() {
            self.rest = Some(batch.slice(count, batch.num_rows() - count));
        }
        Ok(batch.slice(0, count))
    }
}

impl Container for ParquetFile {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn total_records(&self) -> Option<u64> {
        self.starts.last().copied()
    }

    fn read(&mut self, from: u64, max: usize) -> Result<RecordBatch, ContainerError> {
        let path = self.path.clone();
        let place = format!("among the records from {from} on");
        let read = guarded(&path, "Parquet", &place, || self.read_next(from, max));
        if read.is_err() {
            self.reader = None;
            self.rest = None;
        }
        read
    }
}

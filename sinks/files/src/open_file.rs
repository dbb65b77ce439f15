//! A file that is being written where no reader sees it.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use forebay_core::BatchId;
use forebay_formats::encode::{EncodeError, Encoder, Encoding};

/// What the bytes of a staged file go through: the file itself, or something between.
pub(crate) type Output = Arc<dyn Fn(File) -> Box<dyn Write + Send> + Send + Sync>;

/// A file that is being written where no reader sees it.
pub(crate) struct OpenFile {
    encoder: Box<dyn Encoder>,
    file: File,
    /// Its name in the folder of staged files.
    pub(crate) staged: String,
    /// The folder that it is meant for.
    pub(crate) folder: Arc<str>,
    /// Its number within the run.
    pub(crate) number: u64,
    /// The batches that its rows are from.
    pub(crate) batches: (BatchId, BatchId),
    /// Rows in it.
    pub(crate) rows: u64,
    /// When it was written to last, counted in writes.
    pub(crate) last_use: u64,
}

/// A file that is whole and on the disk.
#[derive(Clone, Debug)]
pub(crate) struct ClosedFile {
    pub(crate) staged: String,
    pub(crate) folder: Arc<str>,
    pub(crate) number: u64,
    pub(crate) batches: (BatchId, BatchId),
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

impl OpenFile {
    pub(crate) fn create(
        path: &Path,
        output: &Output,
        encoding: &Encoding,
        schema: &SchemaRef,
        (staged, folder, number, batch): (String, Arc<str>, u64, BatchId),
    ) -> Result<Self, EncodeError> {
        let file = File::create_new(path)?;
        let encoder = encoding.open(schema, output(file.try_clone()?))?;
        let batches = (batch, batch);
        Ok(Self { encoder, file, staged, folder, number, batches, rows: 0, last_use: 0 })
    }

    pub(crate) fn write(&mut self, batch: BatchId, rows: &RecordBatch) -> Result<(), EncodeError> {
        self.encoder.write(rows)?;
        self.batches.1 = batch;
        self.rows += rows.num_rows() as u64;
        Ok(())
    }

    /// About how many bytes it has.
    pub(crate) fn bytes(&self) -> u64 {
        self.encoder.bytes()
    }

    /// Bytes of it that wait in memory.
    pub(crate) fn buffered(&self) -> u64 {
        self.encoder.buffered()
    }

    pub(crate) fn flush(&mut self) -> Result<(), EncodeError> {
        self.encoder.flush()
    }

    /// Ends the file and syncs it.
    pub(crate) fn close(self) -> Result<ClosedFile, EncodeError> {
        let Self { encoder, file, staged, folder, number, batches, rows, .. } = self;
        let bytes = encoder.finish()?;
        sync(&file)?;
        Ok(ClosedFile { staged, folder, number, batches, rows, bytes })
    }
}

fn sync(file: &File) -> io::Result<()> {
    file.sync_all()
}

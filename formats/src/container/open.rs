//! A file read from a record on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::avro::AvroFile;
use super::csv::CsvFile;
use super::error::ContainerError;
use super::parquet::ParquetFile;
use crate::{Decoding, Format};

/// A file whose records are counted from 0. Reading on where the last read ended is cheap; going
/// elsewhere costs a seek (a row group or block is begun anew, CSV from the start of the file).
pub trait Container: Send {
    /// The schema of what is read.
    fn schema(&self) -> SchemaRef;

    /// How many records the file has, if it says so itself.
    fn total_records(&self) -> Option<u64>;

    /// Reads at least one and at most `max` records from the record of this number on; none if
    /// there are no more. It blocks on the file.
    ///
    /// # Errors
    /// See [`ContainerError`].
    fn read(&mut self, from: u64, max: usize) -> Result<RecordBatch, ContainerError>;
}

/// Opens a Parquet file, an Avro object container file, or a CSV file (`.gz` and `.zst` are
/// unpacked). If the options have a schema, the columns of Parquet and Avro files have to become
/// those of the schema; that they do is the work of
/// [`container_decoder`](Decoding::container_decoder), which refuses rows one by one.
///
/// # Errors
/// See [`ContainerError`]; all columns that do not fit are named at once.
pub fn open_container(
    format: Format,
    path: &Path,
    decoding: &Decoding,
) -> Result<Box<dyn Container>, ContainerError> {
    let schema = decoding.schema.as_ref();
    match format {
        Format::Parquet => guarded(path, "Parquet", "at its metadata", || {
            let file = ParquetFile::open(path, schema)?;
            Ok(Box::new(file) as Box<dyn Container>)
        }),
        Format::Avro => guarded(path, "Avro", "at its header", || {
            let file = AvroFile::open(path, schema)?;
            Ok(Box::new(file) as Box<dyn Container>)
        }),
        Format::Csv => Ok(Box::new(CsvFile::open(path, &decoding.csv, schema)?)),
        Format::Bytes | Format::Text | Format::Json => Err(ContainerError::NotAContainer(format)),
    }
}

/// Turns a panic of a library over a damaged file into an error.
pub(super) fn guarded<T>(
    path: &Path,
    format: &'static str,
    place: &str,
    read: impl FnOnce() -> Result<T, ContainerError>,
) -> Result<T, ContainerError> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        let what = "the library that reads the format gave up over it";
        Err(ContainerError::corrupt(path, format, place, what))
    })
}

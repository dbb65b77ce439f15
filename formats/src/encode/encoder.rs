//! The role that turns rows into bytes.

use std::io;

use arrow::array::RecordBatch;
use thiserror::Error;

/// Turns rows of one schema into one stream of bytes, such as a file.
///
/// What an encoder wrote is a whole file only after [`finish`](Encoder::finish). An encoder that
/// returned an error is of no more use.
pub trait Encoder: Send {
    /// Takes rows of the schema that the encoder was opened for.
    ///
    /// # Errors
    /// See [`EncodeError`].
    fn write(&mut self, rows: &RecordBatch) -> Result<(), EncodeError>;

    /// About how many bytes the stream would have if it ended now: those that the output took,
    /// and an estimate for those that wait in memory.
    fn bytes(&self) -> u64;

    /// Bytes that wait in memory and that [`flush`](Encoder::flush) would free.
    fn buffered(&self) -> u64 {
        0
    }

    /// Hands what waits in memory to the output, where the format lets it (Parquet closes its
    /// row group).
    ///
    /// # Errors
    /// See [`EncodeError`].
    fn flush(&mut self) -> Result<(), EncodeError> {
        Ok(())
    }

    /// Ends the stream, and says how many bytes it has. The output was flushed, not synced.
    ///
    /// # Errors
    /// See [`EncodeError`].
    fn finish(self: Box<Self>) -> Result<u64, EncodeError>;
}

/// Why rows could not be turned into bytes.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The format cannot hold columns like these, whatever their values: a person has to choose
    /// other columns or another format.
    #[error("{0}")]
    Columns(String),
    /// The output failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A value that the format cannot hold.
    #[error("{0}")]
    Value(String),
}

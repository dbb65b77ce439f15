//! Formats with one row per line, and the stream that carries them.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;

use super::compression::{Compression, Stream};
use super::gauge::{Gauge, Gauged};
use super::{EncodeError, Encoder};

/// A format with one row per line.
pub(super) trait Lines: Send {
    /// Writes rows, each with the end of its line.
    fn write(&mut self, rows: &RecordBatch, out: &mut Stream) -> Result<(), ArrowError>;
}

/// Lines in one stream, compressed or not.
pub(super) struct LineEncoder {
    lines: Box<dyn Lines>,
    stream: Stream,
    gauge: Gauge,
}

impl LineEncoder {
    pub(super) fn open(
        lines: Box<dyn Lines>,
        compression: Compression,
        out: Gauged,
        gauge: Gauge,
    ) -> Result<Self, EncodeError> {
        Ok(Self { lines, stream: Stream::open(compression, out)?, gauge })
    }
}

impl Encoder for LineEncoder {
    fn write(&mut self, rows: &RecordBatch) -> Result<(), EncodeError> {
        self.lines.write(rows, &mut self.stream).map_err(|error| self.gauge.explain(error))
    }

    fn bytes(&self) -> u64 {
        let waiting = match &self.stream {
            Stream::Plain(out) => out.buffer().len(),
            Stream::Gzip(out) => out.get_ref().buffer().len(),
            Stream::Zstd(out) => out.get_ref().buffer().len(),
        };
        self.gauge.bytes() + waiting as u64
    }

    fn finish(mut self: Box<Self>) -> Result<u64, EncodeError> {
        self.stream.flush()?;
        self.stream.finish()?;
        Ok(self.gauge.bytes())
    }
}

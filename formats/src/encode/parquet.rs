//! Apache Parquet.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression as Codec, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::gauge::{Gauge, Gauged};
use super::{Compression, EncodeError, Encoder};

/// A row group waits in memory until it is encoded, so it is closed at this size.
const ROW_GROUP_BYTES: usize = 64 << 20;

/// Apache Parquet.
pub(super) struct ParquetEncoder {
    writer: ArrowWriter<Gauged>,
    gauge: Gauge,
}

impl ParquetEncoder {
    pub(super) fn open(
        schema: &SchemaRef,
        compression: Compression,
        out: Gauged,
        gauge: Gauge,
    ) -> Result<Self, EncodeError> {
        let codec = match compression {
            Compression::Zstd => Codec::ZSTD(ZstdLevel::default()),
            Compression::Snappy => Codec::SNAPPY,
            Compression::None | Compression::Gzip => Codec::UNCOMPRESSED,
        };
        let properties = WriterProperties::builder()
            .set_compression(codec)
            .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
            .build();
        let writer = ArrowWriter::try_new(out, schema.clone(), Some(properties)).map_err(
            |error| match gauge.explain(&error) {
                EncodeError::Value(text) => {
                    EncodeError::Columns(format!("parquet cannot hold these columns: {text}"))
                }
                other => other,
            },
        )?;
        Ok(Self { writer, gauge })
    }
}

impl Encoder for ParquetEncoder {
    fn write(&mut self, rows: &RecordBatch) -> Result<(), EncodeError> {
        self.writer.write(rows).map_err(|error| self.gauge.explain(error))
    }

    fn bytes(&self) -> u64 {
        self.gauge.bytes() + self.writer.in_progress_size() as u64
    }

    fn buffered(&self) -> u64 {
        self.writer.memory_size() as u64
    }

    fn flush(&mut self) -> Result<(), EncodeError> {
        self.writer.flush().map_err(|error| self.gauge.explain(error))
    }

    fn finish(mut self: Box<Self>) -> Result<u64, EncodeError> {
        self.writer.finish().map_err(|error| self.gauge.explain(error))?;
        Ok(self.gauge.bytes())
    }
}

//! Apache Avro object container files.

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use arrow_avro::compression::CompressionCodec;
use arrow_avro::writer::format::AvroOcfFormat;
use arrow_avro::writer::{AvroWriter, WriterBuilder};

use super::gauge::{Gauge, Gauged};
use super::{Compression, EncodeError, Encoder};

/// Rows per block: a block is what a reader holds in memory at once.
const BLOCK_ROWS: usize = 8192;

/// Apache Avro object container files, as
/// [its specification](https://avro.apache.org/docs/1.12.0/specification/#object-container-files)
/// has them.
pub(super) struct AvroEncoder {
    writer: AvroWriter<Gauged>,
    gauge: Gauge,
}

impl AvroEncoder {
    pub(super) fn open(
        schema: &SchemaRef,
        compression: Compression,
        out: Gauged,
        gauge: Gauge,
    ) -> Result<Self, EncodeError> {
        let codec = match compression {
            Compression::Zstd => Some(CompressionCodec::ZStandard),
            Compression::Snappy => Some(CompressionCodec::Snappy),
            Compression::None | Compression::Gzip => None,
        };
        if let Some(field) =
            schema.fields().iter().find(|field| matches!(field.data_type(), DataType::Interval(_)))
        {
            return Err(EncodeError::Columns(format!(
                "avro cannot hold every interval of the column `{}`: use another format, or a number",
                field.name()
            )));
        }
        let writer = WriterBuilder::new(schema.as_ref().clone())
            .with_compression(codec)
            .build::<_, AvroOcfFormat>(out)
            .map_err(|error| match gauge.explain(error) {
                EncodeError::Value(text) => {
                    EncodeError::Columns(format!("avro cannot hold these columns: {text}"))
                }
                other => other,
            })?;
        Ok(Self { writer, gauge })
    }
}

impl Encoder for AvroEncoder {
    fn write(&mut self, rows: &RecordBatch) -> Result<(), EncodeError> {
        for begin in (0..rows.num_rows()).step_by(BLOCK_ROWS) {
            let block = rows.slice(begin, BLOCK_ROWS.min(rows.num_rows() - begin));
            self.writer.write(&block).map_err(|error| self.gauge.explain(error))?;
        }
        Ok(())
    }

    fn bytes(&self) -> u64 {
        self.gauge.bytes()
    }

    fn finish(mut self: Box<Self>) -> Result<u64, EncodeError> {
        self.writer.finish().map_err(|error| self.gauge.explain(error))?;
        Ok(self.gauge.bytes())
    }
}

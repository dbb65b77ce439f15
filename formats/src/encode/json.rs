//! One JSON object per line.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::FieldRef;
use arrow::error::ArrowError;
use arrow::json::writer::{LineDelimited, NullableEncoder, WriterBuilder};
use arrow::json::{Encoder, EncoderFactory, EncoderOptions};

use super::compression::Stream;
use super::instant::Instants;
use super::lines::Lines;

/// Rows as JSON objects, one per line: what a file of `format = "json"` has. A time that RFC 3339
/// cannot tell is its bare number.
///
/// # Errors
/// If a column has a type that JSON cannot express.
pub fn json_lines(rows: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
    let mut bytes = Vec::new();
    write(rows, &options(), &mut bytes)?;
    Ok(bytes)
}

/// Appends rows as JSON objects, one per line.
pub(super) fn append(rows: &RecordBatch, out: &mut Vec<u8>) -> Result<(), ArrowError> {
    write(rows, &options(), out)
}

/// One JSON object per line.
pub(super) struct JsonLines(WriterBuilder);

impl JsonLines {
    pub(super) fn new() -> Self {
        Self(options())
    }
}

impl Lines for JsonLines {
    fn write(&mut self, rows: &RecordBatch, out: &mut Stream) -> Result<(), ArrowError> {
        write(rows, &self.0, out)
    }
}

fn options() -> WriterBuilder {
    WriterBuilder::new().with_encoder_factory(Arc::new(Rfc3339))
}

fn write(rows: &RecordBatch, options: &WriterBuilder, out: impl Write) -> Result<(), ArrowError> {
    let mut writer = options.clone().build::<_, LineDelimited>(out);
    writer.write(rows)?;
    writer.finish()
}

/// Tells times itself: Arrow's formatter knows no named time zone, not even `UTC`.
#[derive(Debug)]
struct Rfc3339;

impl EncoderFactory for Rfc3339 {
    fn make_default_encoder<'a>(
        &self,
        _field: &'a FieldRef,
        array: &'a dyn Array,
        _options: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        Ok(Instants::of(array).map(|instants| {
            NullableEncoder::new(Box::new(Quoted(instants)), array.nulls().cloned())
        }))
    }
}

struct Quoted<'a>(Instants<'a>);

impl Encoder for Quoted<'_> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        let begin = out.len();
        out.push(b'"');
        if self.0.write(row, out) {
            out.push(b'"');
        } else {
            out.truncate(begin);
            out.extend_from_slice(self.0.number(row).to_string().as_bytes());
        }
    }
}

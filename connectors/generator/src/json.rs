//! Records as JSON text.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BinaryArray, RecordBatch, UInt64Array};
use arrow::buffer::{Buffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;
use arrow::json::LineDelimitedWriter;

use crate::maker::Span;
use crate::random::Stream;

/// The index of the column with the text.
pub(crate) const VALUE: usize = 0;
/// The index of the column with the record's number.
pub(crate) const OFFSET: usize = 1;

/// Writes records as JSON text, and breaks some.
#[derive(Clone, Debug)]
pub(crate) struct Json {
    seed: u64,
    broken_ratio: f64,
}

impl Json {
    pub(crate) fn new(seed: u64, broken_ratio: f64) -> Self {
        Self { seed, broken_ratio }
    }

    /// `value` and `offset`.
    pub(crate) fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![
            Field::new("value", DataType::Binary, false),
            Field::new("offset", DataType::UInt64, false),
        ]))
    }

    /// Each record as one JSON object.
    pub(crate) fn write(
        &self,
        records: &RecordBatch,
        span: Span,
    ) -> Result<RecordBatch, ArrowError> {
        let mut writer = LineDelimitedWriter::new(Vec::new());
        writer.write(&with_offset_zone(records)?)?;
        writer.finish()?;
        let text = writer.into_inner();
        let mut values = Vec::with_capacity(text.len());
        let mut offsets = Vec::with_capacity(span.len + 1);
        offsets.push(0);
        let fate = Stream::new(self.seed, span.split, "broken");
        let mut lines = text.split(|byte| *byte == b'\n');
        for number in span.from..span.from.saturating_add(span.len as u64) {
            let line = lines.next().unwrap_or_default();
            values.extend_from_slice(match fate.unit(number) < self.broken_ratio {
                true => &line[..line.len() / 2],
                false => line,
            });
            offsets.push(i32::try_from(values.len()).map_err(|_| too_large())?);
        }
        let offsets = OffsetBuffer::new(offsets.into());
        let value = BinaryArray::try_new(offsets, Buffer::from_vec(values), None)?;
        let numbers: UInt64Array =
            (0..span.len as u64).map(|index| span.from.saturating_add(index)).collect();
        RecordBatch::try_new(Self::schema(), vec![Arc::new(value), Arc::new(numbers)])
    }
}

/// The records with `+00:00` for `UTC`, which Arrow's writer knows only with a table of all zones.
fn with_offset_zone(records: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let zone = DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into()));
    let schema = records.schema();
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    for (field, column) in schema.fields().iter().zip(records.columns()) {
        if let Some(times) = column.as_primitive_opt::<TimestampMicrosecondType>() {
            fields.push(field.as_ref().clone().with_data_type(zone.clone()));
            columns.push(Arc::new(times.clone().with_timezone("+00:00")) as ArrayRef);
        } else {
            fields.push(field.as_ref().clone());
            columns.push(Arc::clone(column));
        }
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

/// How many records from the first on have at most so many bytes together, at least one, and how
/// many bytes these are.
pub(crate) fn fitting(values: &BinaryArray, bytes: u64) -> (usize, u64) {
    let offsets = values.value_offsets();
    let size = |rows: usize| u64::from(offsets[rows].abs_diff(offsets[0]));
    let ends = 1..offsets.len();
    let within = ends.into_iter().take_while(|rows| size(*rows) <= bytes).count();
    let rows = within.max(1).min(offsets.len() - 1);
    (rows, size(rows))
}

fn too_large() -> ArrowError {
    ArrowError::InvalidArgumentError(
        "the JSON text of one read exceeds 2 GiB: grant fewer records at once".to_owned(),
    )
}

//! The raw columns.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, RecordBatch, StringArray, StringBuilder, TimestampMicrosecondArray,
    UInt64Array,
};
use arrow::buffer::{Buffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use forebay_formats::container::{HEADER, raw_csv_schema};

/// The index of the column with the bytes of a record.
pub(crate) const VALUE: usize = 0;
/// The index of the column with a record's position in its file.
pub(crate) const OFFSET: usize = 2;

/// Where records stand: columns that all of a file have in common.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) path: Arc<str>,
    /// Nanoseconds since the Unix epoch.
    pub(crate) modified: i64,
}

/// The columns that a decoder sees: `value`, `path`, `offset`, `modified`, and for CSV `header`.
pub(crate) fn schema(with_header: bool) -> Schema {
    let mut fields = vec![Field::new("value", DataType::Binary, false)];
    fields.extend(place_fields());
    if with_header {
        fields.extend(raw_csv_schema().field_with_name(HEADER).cloned());
    }
    Schema::new(fields)
}

/// The columns that say where a record stands: `path`, `offset`, `modified`.
pub(crate) fn place_fields() -> [Field; 3] {
    [
        Field::new("path", DataType::Utf8, false),
        Field::new("offset", DataType::UInt64, false),
        Field::new(
            "modified",
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            false,
        ),
    ]
}

/// The columns as they are read: those of the decoder, and last `fault`: why a record is refused
/// before any decoder sees it.
pub(crate) fn raw_schema(with_header: bool) -> SchemaRef {
    let seen = schema(with_header);
    let mut fields: Vec<_> = seen.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new("fault", DataType::Utf8, true)));
    Arc::new(Schema::new(fields))
}

impl Place {
    /// The columns of [`place_fields`] for records at these positions.
    pub(crate) fn columns(&self, offsets: Vec<u64>) -> [ArrayRef; 3] {
        let rows = offsets.len();
        let mut path = StringBuilder::with_capacity(rows, rows * self.path.len());
        for _ in 0..rows {
            path.append_value(&self.path);
        }
        let modified = vec![self.modified.div_euclid(1000); rows];
        [
            Arc::new(path.finish()),
            Arc::new(UInt64Array::from(offsets)),
            Arc::new(TimestampMicrosecondArray::from(modified).with_timezone("UTC")),
        ]
    }
}

/// Records as they are gathered.
#[derive(Debug)]
pub(crate) struct Gathered {
    bytes: Vec<u8>,
    ends: Vec<i32>,
    offsets: Vec<u64>,
    /// Row and reason.
    faults: Vec<(usize, String)>,
}

impl Gathered {
    pub(crate) fn new() -> Self {
        Self { bytes: Vec::new(), ends: vec![0], offsets: Vec::new(), faults: Vec::new() }
    }

    pub(crate) fn rows(&self) -> usize {
        self.offsets.len()
    }

    /// The bytes of all records.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Adds a record that stands at a position. No more than 2 GiB may be added in all.
    pub(crate) fn push(&mut self, bytes: &[u8], offset: u64, fault: Option<&str>) {
        if let Some(fault) = fault {
            self.faults.push((self.offsets.len(), fault.to_owned()));
        }
        self.bytes.extend_from_slice(bytes);
        self.ends.push(i32::try_from(self.bytes.len()).unwrap_or(i32::MAX));
        self.offsets.push(offset);
    }

    /// The raw columns; `header` is the column of that name, for CSV.
    pub(crate) fn finish(
        self,
        place: &Place,
        header: Option<ArrayRef>,
    ) -> Result<RecordBatch, ArrowError> {
        let rows = self.rows();
        let value = BinaryArray::try_new(
            OffsetBuffer::new(self.ends.into()),
            Buffer::from_vec(self.bytes),
            None,
        )?;
        let schema = raw_schema(header.is_some());
        let mut columns: Vec<ArrayRef> = vec![Arc::new(value)];
        columns.extend(place.columns(self.offsets));
        columns.extend(header);
        columns.push(Arc::new(faults(rows, &self.faults)));
        RecordBatch::try_new(schema, columns)
    }
}

fn faults(rows: usize, faults: &[(usize, String)]) -> StringArray {
    if faults.is_empty() {
        return StringArray::new_null(rows);
    }
    let mut texts = vec![None; rows];
    for (row, text) in faults {
        texts[*row] = Some(text.as_str());
    }
    StringArray::from(texts)
}

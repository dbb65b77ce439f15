//! The raw columns.

use std::sync::Arc;

use crate::container::{HEADER, raw_csv_schema};
use arrow::array::{
    ArrayRef, BinaryArray, RecordBatch, StringArray, StringBuilder, TimestampMicrosecondArray,
    UInt64Array,
};
use arrow::buffer::{Buffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;

/// The index of the column with the bytes of a record.
pub const VALUE: usize = 0;
/// The index of the column with a record's position in its file.
pub const OFFSET: usize = 2;

/// Where records stand: columns that all of a file have in common.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its path.
    pub path: Arc<str>,
    /// When it was last written to, in nanoseconds since the Unix epoch; `None` for files that
    /// grow, of which the same record would say something else when it is read again.
    pub modified: Option<i64>,
}

/// The columns that a decoder sees: `value`, `path`, `offset`, `modified`, and for CSV `header`.
#[must_use]
pub fn schema(with_header: bool) -> Schema {
    let mut fields = vec![Field::new("value", DataType::Binary, false)];
    fields.extend(place_fields());
    if with_header {
        fields.extend(raw_csv_schema().field_with_name(HEADER).cloned());
    }
    Schema::new(fields)
}

/// The columns that a decoder sees of files that grow: `value`, `path`, `offset`.
#[must_use]
pub fn growing_schema() -> Schema {
    let [path, offset, _] = place_fields();
    Schema::new(vec![Field::new("value", DataType::Binary, false), path, offset])
}

/// The columns that say where a record stands: `path`, `offset`, `modified`.
#[must_use]
pub fn place_fields() -> [Field; 3] {
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

/// The columns as they are read: those that the decoder sees, and last `fault`: why a record is
/// refused before any decoder sees it.
#[must_use]
pub fn raw_schema(seen: &Schema) -> SchemaRef {
    let mut fields: Vec<_> = seen.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new("fault", DataType::Utf8, true)));
    Arc::new(Schema::new(fields))
}

impl Place {
    /// The columns of [`place_fields`], as far as they are known, for records at these positions.
    #[must_use]
    pub fn columns(&self, offsets: Vec<u64>) -> Vec<ArrayRef> {
        let rows = offsets.len();
        let mut path = StringBuilder::with_capacity(rows, rows * self.path.len());
        for _ in 0..rows {
            path.append_value(&self.path);
        }
        let mut columns: Vec<ArrayRef> =
            vec![Arc::new(path.finish()), Arc::new(UInt64Array::from(offsets))];
        if let Some(modified) = self.modified {
            let modified = vec![modified.div_euclid(1000); rows];
            columns.push(Arc::new(TimestampMicrosecondArray::from(modified).with_timezone("UTC")));
        }
        columns
    }
}

/// Records as they are gathered.
#[derive(Debug)]
pub struct Gathered {
    bytes: Vec<u8>,
    ends: Vec<i32>,
    offsets: Vec<u64>,
    /// Row and reason.
    faults: Vec<(usize, String)>,
}

impl Default for Gathered {
    fn default() -> Self {
        Self::new()
    }
}

impl Gathered {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self { bytes: Vec::new(), ends: vec![0], offsets: Vec::new(), faults: Vec::new() }
    }

    /// How many records.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.offsets.len()
    }

    /// The bytes of all records.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Adds a record that stands at a position. No more than 2 GiB may be added in all.
    pub fn push(&mut self, bytes: &[u8], offset: u64, fault: Option<&str>) {
        if let Some(fault) = fault {
            self.faults.push((self.offsets.len(), fault.to_owned()));
        }
        self.bytes.extend_from_slice(bytes);
        self.ends.push(i32::try_from(self.bytes.len()).unwrap_or(i32::MAX));
        self.offsets.push(offset);
    }

    /// The raw columns; `header` is the column of that name, for CSV.
    ///
    /// # Errors
    /// Never for records that were pushed; the type is that of Arrow's constructors.
    pub fn finish(
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
        let seen = match place.modified {
            Some(_) => schema(header.is_some()),
            None => growing_schema(),
        };
        let mut columns: Vec<ArrayRef> = vec![Arc::new(value)];
        columns.extend(place.columns(self.offsets));
        columns.extend(header);
        columns.push(Arc::new(faults(rows, &self.faults)));
        RecordBatch::try_new(raw_schema(&seen), columns)
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

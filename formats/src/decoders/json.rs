//! One JSON object per record.

use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{FieldRef, SchemaRef};
use forebay_core::dead_letter::Reason;
use forebay_core::decode::{Decode, Decoded, RawColumns};
use serde::de::DeserializeSeed;
use serde_json::error::Category;

use super::Kept;
use super::text::{no_bytes, no_utf8};
use crate::columns::json::{Fault, RowSeed};
use crate::columns::rows::Rows;
use crate::decoding::{JsonOptions, UnknownFields};
use crate::schema::SchemaSpec;

/// The length at which a reason is cut, in characters.
const REASON_CHARS: usize = 240;

/// Makes typed columns of JSON objects ([RFC 8259](https://www.rfc-editor.org/rfc/rfc8259),
/// strictly), one per record.
#[derive(Clone, Debug)]
pub struct Json {
    spec: SchemaSpec,
    refuse_unknown: bool,
    kept: Kept,
    schema: SchemaRef,
}

impl Json {
    /// A decoder of records of this schema.
    #[must_use]
    pub fn new(spec: &SchemaSpec, options: &JsonOptions, kept: Kept) -> Self {
        let fields: Vec<FieldRef> = spec.to_arrow().fields().iter().cloned().collect();
        let schema = kept.schema(&fields);
        let refuse_unknown = options.unknown == UnknownFields::Refuse;
        Self { spec: spec.clone(), refuse_unknown, kept, schema }
    }

    /// Appends one record to the rows, or leaves them as they were.
    fn read(&self, record: &[u8], rows: &mut Rows) -> Result<(), Reason> {
        let text = std::str::from_utf8(record).map_err(no_utf8)?;
        let before = rows.len;
        let mut fault = Fault::default();
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let seed = RowSeed { rows, fault: &mut fault, refuse_unknown: self.refuse_unknown };
        seed.deserialize(&mut deserializer).and_then(|()| deserializer.end()).map_err(|error| {
            rows.truncate(before);
            describe(&error, &fault)
        })
    }
}

/// Says which field is wrong, how, and where.
fn describe(error: &serde_json::Error, fault: &Fault) -> Reason {
    let place = format!(" at line {} column {}", error.line(), error.column());
    let text = error.to_string();
    let message = text.strip_suffix(&place).unwrap_or(&text);
    let message = match message.char_indices().nth(REASON_CHARS) {
        Some((end, _)) => format!("{}...", &message[..end]),
        None => message.to_owned(),
    };
    let data = error.classify() == Category::Data;
    let place = match (error.line(), error.column()) {
        (0, _) => String::new(),
        (1, column) => format!(" (column {column})"),
        (line, column) => format!(" (line {line}, column {column})"),
    };
    let path = fault.path();
    let field = if data && !path.is_empty() { format!("field `{path}`: ") } else { String::new() };
    let class = match (data, fault.class) {
        (false, _) => "syntax",
        (true, class) => class.unwrap_or("type"),
    };
    Reason::new(class, format!("{field}{message}{place}"))
}

impl Decode for Json {
    fn schema(&self) -> Option<SchemaRef> {
        Some(Arc::clone(&self.schema))
    }

    fn raw(&self) -> Option<RawColumns> {
        Some(self.kept.raw())
    }

    fn decode(&self, records: &RecordBatch) -> Result<Decoded, String> {
        let values = self.kept.values(records)?;
        let mut rows = Rows::with_capacity(&self.spec, values.len());
        let mut rejected = Vec::new();
        for (row, value) in (0..).zip(values) {
            let read = match value {
                Some(record) => self.read(record, &mut rows),
                None => Err(no_bytes()),
            };
            if let Err(reason) = read {
                rejected.push((row, reason));
            }
        }
        let columns = rows.finish().map_err(|error| error.to_string())?;
        self.kept.assemble(&self.schema, records, columns, rejected)
    }
}

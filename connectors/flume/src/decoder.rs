//! Events as columns.
//!
//! | column | type | what |
//! |---|---|---|
//! | `value` | `Binary` | the body |
//! | `headers` | `Map<Utf8, Utf8>` | the headers |
//! | `seq` | `UInt64` | the number of the record in the journal |
//! | `received` | `Timestamp(ms, UTC)` | when it came |
//! | `peer` | `Utf8` | the agent |

use std::sync::Arc;

use arrow::array::{
    Array, ArrayBuilder, ArrayRef, AsArray, BinaryArray, BinaryBuilder, MapArray, RecordBatch,
    StringBuilder, StructArray, UInt32Array,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use arrow::error::ArrowError;
use async_trait::async_trait;
use forebay_core::component::Problem;
use forebay_core::dead_letter::Reason;
use forebay_core::decode::{Decode, Decoded, Prepare, RawColumns};
use forebay_core::journal;
use forebay_core::probe::{Halted, Probed};
use forebay_formats::{Decoding, Format};

use crate::event;
use crate::wire::Cursor;

/// The columns of the journal that go along, beside the event itself.
const ALONG: [&str; 3] = ["seq", "received", "peer"];

/// The column of the journal with the event.
const EVENT: &str = "value";

/// Divides each event into its headers and its body, and gives the body to a format.
pub(crate) struct EventDecoder {
    schema: SchemaRef,
    /// Whether anybody wants the headers.
    has_headers: bool,
    inner: Arc<dyn Decode>,
}

/// Events divided: the columns, the record of each row, and the records that are no events.
struct Divided {
    columns: RecordBatch,
    rows: Option<Vec<u32>>,
    rejected: Vec<(u32, Reason)>,
}

impl EventDecoder {
    /// A decoder of what a journal holds of events.
    ///
    /// # Errors
    /// What is wrong with the options of the format.
    pub(crate) fn shared(decoding: &Decoding) -> Result<Arc<dyn Decode>, Problem> {
        // With all columns, so that an error names all that there are.
        let all = schema(true);
        let inner = decoding.decoder(&all, EVENT)?;
        let has_headers = decoding.keep.iter().any(|name| name == "headers")
            || (decoding.format == Format::Bytes && decoding.keep.is_empty());
        let (schema, inner) = match has_headers {
            true => (all, inner),
            false => {
                let fewer = schema(false);
                let inner = decoding.decoder(&fewer, EVENT)?;
                (fewer, inner)
            }
        };
        Ok(Arc::new(Self { schema: Arc::new(schema), has_headers, inner }))
    }

    fn divide(&self, records: &RecordBatch) -> Result<Divided, String> {
        let events = records
            .column_by_name(EVENT)
            .and_then(|column| column.as_binary_opt::<i32>())
            .ok_or("the records have no column `value` of bytes")?;
        let mut bodies = BinaryBuilder::with_capacity(events.len(), size_of_all(events));
        let mut headers = self.has_headers.then(HeaderColumn::default);
        let (mut rows, mut rejected) = (Vec::with_capacity(events.len()), Vec::new());
        for (row, event) in (0..).zip(events.iter()) {
            match read(event.unwrap_or_default(), headers.as_mut()) {
                Ok(body) => {
                    bodies.append_value(body);
                    rows.push(row);
                }
                Err(reason) => rejected.push((row, reason)),
            }
        }
        let rows = (!rejected.is_empty()).then_some(rows);
        let mut columns: Vec<ArrayRef> = vec![Arc::new(bodies.finish())];
        if let Some(headers) = headers {
            let column = headers.finish().map_err(|error| error.to_string())?;
            columns.push(Arc::new(column));
        }
        let chosen = rows.clone().map(UInt32Array::from);
        for name in ALONG {
            let column = records
                .column_by_name(name)
                .ok_or_else(|| format!("the records have no column `{name}`"))?;
            columns.push(match &chosen {
                None => Arc::clone(column),
                Some(rows) => take(column, rows, None).map_err(|error| error.to_string())?,
            });
        }
        let columns = RecordBatch::try_new(Arc::clone(&self.schema), columns)
            .map_err(|error| error.to_string())?;
        Ok(Divided { columns, rows, rejected })
    }
}

impl Decode for EventDecoder {
    fn schema(&self) -> Option<SchemaRef> {
        self.inner.schema()
    }

    fn prepare(&self) -> Option<&dyn Prepare> {
        self.inner.prepare().map(|_| self as &dyn Prepare)
    }

    fn decode(&self, records: &RecordBatch) -> Result<Decoded, String> {
        let Divided { columns, rows, mut rejected } = self.divide(records)?;
        let decoded = self.inner.decode(&columns)?;
        let Some(rows) = rows else { return Ok(decoded) };
        let original = |row: u32| {
            rows.get(row as usize).copied().ok_or("a decoder named a record that it was not given")
        };
        let decoded_rows = match &decoded.rows {
            Some(rows) => {
                rows.values().iter().map(|row| original(*row)).collect::<Result<Vec<_>, _>>()?
            }
            None => rows.clone(),
        };
        for (row, reason) in decoded.rejected {
            rejected.push((original(row)?, reason));
        }
        rejected.sort_by_key(|(row, _)| *row);
        let rows = Some(UInt32Array::from(decoded_rows));
        Ok(Decoded { columns: decoded.columns, rows, rejected })
    }

    fn raw(&self) -> Option<RawColumns> {
        let schema = journal::schema();
        let value = schema.index_of(EVENT).ok()?;
        Some(RawColumns { schema, value })
    }
}

#[async_trait]
impl Prepare for EventDecoder {
    async fn prepare(&self, records: &RecordBatch) -> Result<(), String> {
        let Some(inner) = self.inner.prepare() else { return Ok(()) };
        let columns = self.divide(records)?.columns;
        inner.prepare(&columns).await
    }

    async fn probe(&self, probed: &mut Probed) -> Result<(), Halted> {
        match self.inner.prepare() {
            Some(inner) => inner.probe(probed).await,
            None => Ok(()),
        }
    }
}

/// The columns of divided events.
fn schema(has_headers: bool) -> Schema {
    let journal = journal::schema();
    let mut fields = vec![Arc::new(Field::new(EVENT, DataType::Binary, false))];
    if has_headers {
        let entries = Field::new("entries", DataType::Struct(entry_fields()), false);
        let kind = DataType::Map(Arc::new(entries), false);
        fields.push(Arc::new(Field::new("headers", kind, false)));
    }
    let along = journal.fields().iter().filter(|field| ALONG.contains(&field.name().as_str()));
    fields.extend(along.cloned());
    Schema::new(fields)
}

fn entry_fields() -> Fields {
    Fields::from(vec![
        Field::new("keys", DataType::Utf8, false),
        Field::new("values", DataType::Utf8, true),
    ])
}

fn size_of_all(events: &BinaryArray) -> usize {
    usize::try_from(event::size(events)).unwrap_or(0)
}

/// The body of an event, whose headers are added to the column.
fn read<'a>(event: &'a [u8], headers: Option<&mut HeaderColumn>) -> Result<&'a [u8], Reason> {
    let mut cursor = Cursor::new(event);
    let mut pairs = Vec::new();
    let wants = headers.is_some();
    let body = event::read(&mut cursor, |name, value| {
        if wants {
            pairs.push((name, value));
        }
    })
    .and_then(|body| cursor.end().map(|()| body))
    .map_err(|error| Reason::new("protocol", format!("this is no event of flume: {error}")))?;
    if let Some(headers) = headers {
        headers.push(&pairs)?;
    }
    Ok(body)
}

/// The column of headers, as it grows.
#[derive(Default)]
struct HeaderColumn {
    names: StringBuilder,
    values: StringBuilder,
    ends: Vec<i32>,
}

impl HeaderColumn {
    /// Adds the headers of one event, all or none.
    fn push(&mut self, pairs: &[(&[u8], &[u8])]) -> Result<(), Reason> {
        let text = |bytes| {
            std::str::from_utf8(bytes)
                .map_err(|error| Reason::new("encoding", format!("a header is not UTF-8: {error}")))
        };
        let pairs = pairs
            .iter()
            .map(|(name, value)| Ok((text(name)?, text(value)?)))
            .collect::<Result<Vec<_>, Reason>>()?;
        for (name, value) in pairs {
            self.names.append_value(name);
            self.values.append_value(value);
        }
        // A slice holds no more bytes than 31 bits count.
        self.ends.push(i32::try_from(self.names.len()).unwrap_or(i32::MAX));
        Ok(())
    }

    fn finish(mut self) -> Result<MapArray, ArrowError> {
        let mut offsets = Vec::with_capacity(self.ends.len() + 1);
        offsets.push(0);
        offsets.append(&mut self.ends);
        let columns: Vec<ArrayRef> =
            vec![Arc::new(self.names.finish()), Arc::new(self.values.finish())];
        let entries = StructArray::try_new(entry_fields(), columns, None)?;
        let field = Field::new("entries", DataType::Struct(entry_fields()), false);
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        MapArray::try_new(Arc::new(field), offsets, entries, None, false)
    }
}

#[cfg(test)]
mod tests;

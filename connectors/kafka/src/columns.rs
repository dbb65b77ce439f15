//! Records as columns.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBufferBuilder, Int32Array, Int64Array, ListArray, RecordBatch,
    StringArray, StringBuilder, StructArray, TimestampMicrosecondArray,
};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use rdkafka::Timestamp;
use rdkafka::message::{Headers, Message};

use crate::config::KafkaConfig;
use crate::partition::Partition;

/// The columns of a slice.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    schema: SchemaRef,
    kinds: Vec<Kind>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Key,
    Value,
    Topic,
    Partition,
    Offset,
    Timestamp,
    TimestampType,
    Headers,
}

/// Bytes of headers after which a slice ends: offsets in a column have 31 bits.
const MAX_HEADER_BYTES: usize = 1 << 29;

const KINDS: [(Kind, &str); 8] = [
    (Kind::Key, "key"),
    (Kind::Value, "value"),
    (Kind::Topic, "topic"),
    (Kind::Partition, "partition"),
    (Kind::Offset, "offset"),
    (Kind::Timestamp, "timestamp"),
    (Kind::TimestampType, "timestamp_type"),
    (Kind::Headers, "headers"),
];

/// The fields of one header.
fn header_fields() -> Fields {
    vec![Field::new("key", DataType::Utf8, false), Field::new("value", DataType::Binary, true)]
        .into()
}

impl Kind {
    fn field(self, name: &str) -> Field {
        let (kind, nullable) = match self {
            Self::Key | Self::Value => (DataType::Binary, true),
            Self::Topic => (DataType::Utf8, false),
            Self::Partition => (DataType::Int32, false),
            Self::Offset => (DataType::Int64, false),
            Self::Timestamp => {
                (DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true)
            }
            Self::TimestampType => (DataType::Int32, true),
            Self::Headers => {
                let item = Field::new("item", DataType::Struct(header_fields()), false);
                (DataType::List(Arc::new(item)), true)
            }
        };
        Field::new(name, kind, nullable)
    }
}

impl Layout {
    /// All columns that there are, which is what `keep` may name.
    pub(crate) fn all() -> Self {
        Self::with(|_| true)
    }

    /// The columns that somebody wants. `value` is needed to decode, `offset` to say where a
    /// record came from.
    pub(crate) fn of(config: &KafkaConfig) -> Self {
        Self::with(|name| matches!(name, "value" | "offset") || config.wants(name))
    }

    fn with(wants: impl Fn(&str) -> bool) -> Self {
        let (mut fields, mut kinds) = (Vec::new(), Vec::new());
        for (kind, name) in KINDS.into_iter().filter(|(_, name)| wants(name)) {
            fields.push(kind.field(name));
            kinds.push(kind);
        }
        Self { schema: Arc::new(Schema::new(fields)), kinds }
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn index(&self, kind: Kind) -> Option<usize> {
        self.kinds.iter().position(|known| *known == kind)
    }

    /// The index of `value`.
    pub(crate) fn value(&self) -> Option<usize> {
        self.index(Kind::Value)
    }

    /// The index of `offset`.
    pub(crate) fn offset(&self) -> Option<usize> {
        self.index(Kind::Offset)
    }
}

/// The columns of one partition, as they grow.
pub(crate) struct Columns {
    layout: Arc<Layout>,
    key: Option<BinaryBuilder>,
    value: BinaryBuilder,
    offset: Vec<i64>,
    time: Option<Times>,
    headers: Option<HeaderColumn>,
}

/// Timestamps and their types.
struct Times {
    micros: Vec<i64>,
    types: Vec<i32>,
    known: BooleanBufferBuilder,
}

struct HeaderColumn {
    keys: StringBuilder,
    values: BinaryBuilder,
    ends: Vec<i32>,
    present: BooleanBufferBuilder,
    broken: u64,
}

impl Columns {
    /// Room for so many records of so many bytes, which may be exceeded.
    pub(crate) fn new(layout: &Arc<Layout>, records: usize, bytes: usize) -> Self {
        let wants = |kind| layout.index(kind).is_some();
        let is_timed = wants(Kind::Timestamp) || wants(Kind::TimestampType);
        Self {
            key: wants(Kind::Key).then(|| BinaryBuilder::with_capacity(records, records * 16)),
            value: BinaryBuilder::with_capacity(records, bytes),
            offset: Vec::with_capacity(records),
            time: is_timed.then(|| Times {
                micros: Vec::with_capacity(records),
                types: Vec::with_capacity(records),
                known: BooleanBufferBuilder::new(records),
            }),
            headers: wants(Kind::Headers).then(|| HeaderColumn::new(records)),
            layout: Arc::clone(layout),
        }
    }

    /// How many records there are.
    pub(crate) fn len(&self) -> usize {
        self.offset.len()
    }

    /// Whether headers alone come near what a column can hold.
    pub(crate) fn is_wide(&self) -> bool {
        let size = |column: &HeaderColumn| {
            column.keys.values_slice().len().max(column.values.values_slice().len())
        };
        self.headers.as_ref().is_some_and(|headers| size(headers) > MAX_HEADER_BYTES)
    }

    pub(crate) fn push<M: Message>(&mut self, record: &M) {
        self.value.append_option(record.payload());
        self.offset.push(record.offset());
        if let Some(key) = &mut self.key {
            key.append_option(record.key());
        }
        if let Some(time) = &mut self.time {
            let (millis, kind) = match record.timestamp() {
                Timestamp::CreateTime(millis) => (Some(millis), 0),
                Timestamp::LogAppendTime(millis) => (Some(millis), 1),
                Timestamp::NotAvailable => (None, 0),
            };
            time.micros.push(millis.unwrap_or(0).saturating_mul(1000));
            time.types.push(kind);
            time.known.append(millis.is_some());
        }
        if let Some(headers) = &mut self.headers {
            headers.push(record.headers());
        }
    }

    /// The columns, and how many headers had to be left out.
    ///
    /// # Errors
    /// Never, as long as all columns are of one length.
    pub(crate) fn finish(
        mut self,
        partition: &Partition,
    ) -> Result<(RecordBatch, u64), ArrowError> {
        let records = self.len();
        let (mut broken, mut headers, mut times) = (0, None, None);
        if let Some(column) = self.headers.take() {
            broken = column.broken;
            headers = Some(column.finish());
        }
        if let Some(time) = self.time.take() {
            times = Some(time.finish());
        }
        let mut key = self.key.take();
        let mut offset = std::mem::take(&mut self.offset);
        let columns = self.layout.kinds.iter().map(|kind| -> Result<ArrayRef, ArrowError> {
            let missing = || ArrowError::InvalidArgumentError(format!("no column {kind:?}"));
            Ok(match kind {
                Kind::Key => Arc::new(key.as_mut().ok_or_else(missing)?.finish()),
                Kind::Value => Arc::new(self.value.finish()),
                Kind::Topic => Arc::new(repeated(&partition.topic, records)?),
                Kind::Partition => Arc::new(Int32Array::from(vec![partition.number; records])),
                Kind::Offset => Arc::new(Int64Array::from(std::mem::take(&mut offset))),
                Kind::Timestamp => Arc::clone(&times.as_ref().ok_or_else(missing)?.0),
                Kind::TimestampType => Arc::clone(&times.as_ref().ok_or_else(missing)?.1),
                Kind::Headers => headers.take().ok_or_else(missing)??,
            })
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        Ok((RecordBatch::try_new(Arc::clone(&self.layout.schema), columns)?, broken))
    }
}

/// The same text in each row.
fn repeated(text: &str, rows: usize) -> Result<StringArray, ArrowError> {
    let lengths = std::iter::repeat_n(text.len(), rows);
    let values = Buffer::from_vec(text.repeat(rows).into_bytes());
    StringArray::try_new(OffsetBuffer::from_lengths(lengths), values, None)
}

impl Times {
    fn finish(mut self) -> (ArrayRef, ArrayRef) {
        let known = NullBuffer::new(self.known.finish());
        let known = (known.null_count() > 0).then_some(known);
        let micros = TimestampMicrosecondArray::new(ScalarBuffer::from(self.micros), known.clone());
        let types = Int32Array::new(ScalarBuffer::from(self.types), known);
        (Arc::new(micros.with_timezone("UTC")), Arc::new(types))
    }
}

impl HeaderColumn {
    fn new(records: usize) -> Self {
        let mut ends = Vec::with_capacity(records + 1);
        ends.push(0);
        Self {
            keys: StringBuilder::new(),
            values: BinaryBuilder::new(),
            ends,
            present: BooleanBufferBuilder::new(records),
            broken: 0,
        }
    }

    fn push<H: Headers>(&mut self, headers: Option<&H>) {
        let count = headers.map_or(0, Headers::count);
        if let Some(headers) = headers {
            for index in 0..count {
                // The library panics where a name is no UTF-8, which Kafka asks for but nobody
                // enforces; nothing is changed before it does.
                match catch_unwind(AssertUnwindSafe(|| headers.try_get(index))) {
                    Ok(Some(header)) => {
                        self.keys.append_value(header.key);
                        self.values.append_option(header.value);
                    }
                    Ok(None) => {}
                    Err(_) => self.broken += 1,
                }
            }
        }
        self.present.append(count > 0);
        let end = arrow::array::ArrayBuilder::len(&self.keys);
        self.ends.push(i32::try_from(end).unwrap_or(i32::MAX));
    }

    fn finish(mut self) -> Result<ArrayRef, ArrowError> {
        let fields = header_fields();
        let columns: Vec<ArrayRef> =
            vec![Arc::new(self.keys.finish()), Arc::new(self.values.finish())];
        let item = Field::new("item", DataType::Struct(fields.clone()), false);
        let headers = StructArray::try_new(fields, columns, None)?;
        let present = NullBuffer::new(self.present.finish());
        let present = (present.null_count() > 0).then_some(present);
        let ends = OffsetBuffer::new(ScalarBuffer::from(self.ends));
        Ok(Arc::new(ListArray::try_new(Arc::new(item), ends, Arc::new(headers), present)?))
    }
}

#[cfg(test)]
mod tests;

//! Records as columns.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, Int64Array, RecordBatch, StringArray, StringBuilder,
    TimestampMicrosecondArray,
};
use arrow::buffer::{Buffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;

use crate::config::KinesisConfig;
use crate::shelf::Record;

/// The columns of a slice.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    schema: SchemaRef,
    kinds: Vec<Kind>,
    stream: Arc<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Data,
    Key,
    Sequence,
    SubSequence,
    Shard,
    Arrival,
    Stream,
}

/// What is decoded.
pub(crate) const DATA: &str = "data";

const KINDS: [(Kind, &str); 7] = [
    (Kind::Data, DATA),
    (Kind::Key, "partition_key"),
    (Kind::Sequence, "sequence_number"),
    (Kind::SubSequence, "sub_sequence_number"),
    (Kind::Shard, "shard"),
    (Kind::Arrival, "arrival_time"),
    (Kind::Stream, "stream"),
];

impl Kind {
    fn field(self, name: &str) -> Field {
        let (kind, nullable) = match self {
            Self::Data => (DataType::Binary, false),
            Self::Key | Self::Sequence | Self::Shard | Self::Stream => (DataType::Utf8, false),
            Self::SubSequence => (DataType::Int64, false),
            Self::Arrival => (DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true),
        };
        Field::new(name, kind, nullable)
    }
}

impl Layout {
    /// All columns that there are, which is what `keep` may name.
    pub(crate) fn all() -> Self {
        Self::with("", |_| true)
    }

    /// The columns that somebody wants. `data` is needed to decode, `sequence_number` to say where
    /// a record came from.
    pub(crate) fn of(config: &KinesisConfig, stream: &str) -> Self {
        Self::with(stream, |name| matches!(name, DATA | "sequence_number") || config.wants(name))
    }

    fn with(stream: &str, wants: impl Fn(&str) -> bool) -> Self {
        let (mut fields, mut kinds) = (Vec::new(), Vec::new());
        for (kind, name) in KINDS.into_iter().filter(|(_, name)| wants(name)) {
            fields.push(kind.field(name));
            kinds.push(kind);
        }
        Self { schema: Arc::new(Schema::new(fields)), kinds, stream: stream.into() }
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn index(&self, kind: Kind) -> Option<usize> {
        self.kinds.iter().position(|known| *known == kind)
    }

    /// The index of `data`.
    pub(crate) fn data(&self) -> Option<usize> {
        self.index(Kind::Data)
    }

    /// The index of `sequence_number`.
    pub(crate) fn sequence(&self) -> Option<usize> {
        self.index(Kind::Sequence)
    }
}

/// The columns of one shard, as they grow.
pub(crate) struct Columns {
    layout: Arc<Layout>,
    data: BinaryBuilder,
    key: Option<StringBuilder>,
    sequence: StringBuilder,
    sub: Vec<i64>,
    arrival: Vec<Option<i64>>,
}

impl Columns {
    /// Room for so many records of so many bytes, which may be exceeded.
    pub(crate) fn new(layout: &Arc<Layout>, records: usize, bytes: usize) -> Self {
        let wants_key = layout.index(Kind::Key).is_some();
        Self {
            data: BinaryBuilder::with_capacity(records, bytes),
            key: wants_key.then(StringBuilder::new),
            sequence: StringBuilder::with_capacity(records, records * 56),
            sub: Vec::with_capacity(records),
            arrival: Vec::with_capacity(records),
            layout: Arc::clone(layout),
        }
    }

    /// How many records there are.
    pub(crate) fn len(&self) -> usize {
        self.sub.len()
    }

    pub(crate) fn push(&mut self, record: &Record<'_>) {
        self.data.append_value(record.data);
        if let Some(key) = &mut self.key {
            key.append_value(record.key);
        }
        self.sequence.append_value(record.sequence.as_str());
        self.sub.push(i64::try_from(record.sub).unwrap_or(i64::MAX));
        self.arrival.push(record.arrival_ms.map(|millis| millis.saturating_mul(1000)));
    }

    /// The columns.
    ///
    /// # Errors
    /// Never, as long as all columns are of one length.
    pub(crate) fn finish(mut self, shard: &str) -> Result<RecordBatch, ArrowError> {
        let records = self.len();
        let layout = Arc::clone(&self.layout);
        let columns = layout.kinds.iter().map(|kind| -> Result<ArrayRef, ArrowError> {
            Ok(match kind {
                Kind::Data => Arc::new(self.data.finish()),
                Kind::Key => {
                    let key = self.key.as_mut().map(StringBuilder::finish);
                    let missing =
                        || ArrowError::InvalidArgumentError("no partition keys".to_owned());
                    Arc::new(key.ok_or_else(missing)?)
                }
                Kind::Sequence => Arc::new(self.sequence.finish()),
                Kind::SubSequence => Arc::new(Int64Array::from(std::mem::take(&mut self.sub))),
                Kind::Shard => Arc::new(repeated(shard, records)?),
                Kind::Arrival => {
                    let micros = TimestampMicrosecondArray::from(std::mem::take(&mut self.arrival));
                    Arc::new(micros.with_timezone("UTC"))
                }
                Kind::Stream => Arc::new(repeated(&layout.stream, records)?),
            })
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        RecordBatch::try_new(Arc::clone(&layout.schema), columns)
    }
}

/// The same text in each row.
fn repeated(text: &str, rows: usize) -> Result<StringArray, ArrowError> {
    let lengths = std::iter::repeat_n(text.len(), rows);
    let values = Buffer::from_vec(text.repeat(rows).into_bytes());
    StringArray::try_new(OffsetBuffer::from_lengths(lengths), values, None)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::{Int64Type, TimestampMicrosecondType};

    use super::*;

    #[test]
    fn every_column_of_a_record() {
        let layout = Layout { stream: "orders".into(), ..Layout::all() };
        let mut columns = Columns::new(&Arc::new(layout), 2, 10);
        let sequence = "4959".parse().unwrap();
        let record =
            Record { sequence: &sequence, sub: 3, key: "k", data: b"\xff", arrival_ms: Some(5) };
        columns.push(&record);
        columns.push(&Record { arrival_ms: None, ..record });
        let rows = columns.finish("shardId-0").unwrap();
        let text = |name| rows[name].as_string::<i32>().value(1).to_owned();
        assert_eq!(rows[DATA].as_binary::<i32>().value(0), b"\xff");
        assert_eq!(text("partition_key") + &text("sequence_number"), "k4959");
        assert_eq!(text("shard") + &text("stream"), "shardId-0orders");
        assert_eq!(rows["sub_sequence_number"].as_primitive::<Int64Type>().value(0), 3);
        let arrival = rows["arrival_time"].as_primitive::<TimestampMicrosecondType>();
        assert_eq!((arrival.value(0), arrival.null_count()), (5000, 1));
    }

    #[test]
    fn only_what_is_wanted_is_made() {
        let config: KinesisConfig =
            toml::from_str("stream = \"o\"\nkeep = [\"arrival_time\"]").unwrap();
        let layout = Layout::of(&config, "o");
        let names: Vec<&str> =
            layout.schema().fields().iter().map(|field| field.name().as_str()).collect();
        assert_eq!(names, [DATA, "sequence_number", "arrival_time"]);
        assert_eq!((layout.data(), layout.sequence()), (Some(0), Some(1)));
    }
}

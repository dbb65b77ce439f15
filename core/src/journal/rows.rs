//! The columns that a journal yields.
//!
//! | column | type | what |
//! |---|---|---|
//! | `value` | `Binary` | the record's bytes |
//! | `seq` | `UInt64` | its sequence number, which is its position |
//! | `received` | `Timestamp(ms, UTC)` | when it came |
//! | `peer` | `Utf8` | who sent it; may be empty |
//! | `attributes` | `Map<Utf8, Utf8>` | what else the protocol said of it |
//!
//! Where some of the records were refused, there is one more column: `rejected`, the class of the
//! reason and its text with a space between; null for records that were not refused.

use std::sync::{Arc, LazyLock};

use arrow::array::{
    ArrayRef, BinaryArray, MapArray, RecordBatch, StringArray, StringBuilder, StructArray,
    TimestampMillisecondArray, UInt64Array,
};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;

use super::piece::{Piece, value_bytes};

/// The index of the column `value`.
pub(crate) const VALUE: usize = 0;
/// The index of the column `seq`.
pub(crate) const SEQ: usize = 1;
/// The name of the column with the reasons of refused records.
pub(crate) const REJECTED: &str = "rejected";

static ENTRY_FIELDS: LazyLock<Fields> = LazyLock::new(|| {
    Fields::from(vec![
        Field::new("keys", DataType::Utf8, false),
        Field::new("values", DataType::Utf8, true),
    ])
});

static ENTRIES: LazyLock<Arc<Field>> = LazyLock::new(|| {
    Arc::new(Field::new("entries", DataType::Struct(ENTRY_FIELDS.clone()), false))
});

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("value", DataType::Binary, false),
        Field::new("seq", DataType::UInt64, false),
        Field::new(
            "received",
            DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
            false,
        ),
        Field::new("peer", DataType::Utf8, false),
        Field::new("attributes", DataType::Map(ENTRIES.clone(), false), false),
    ]))
});

static SCHEMA_WITH_REJECTED: LazyLock<SchemaRef> = LazyLock::new(|| {
    let mut fields: Vec<_> = SCHEMA.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new(REJECTED, DataType::Utf8, true)));
    Arc::new(Schema::new(fields))
});

/// The schema of the columns that a receiver's decoder is given: `value`, `seq`, `received`,
/// `peer`, `attributes`.
#[must_use]
pub fn schema() -> SchemaRef {
    SCHEMA.clone()
}

/// The columns of some pieces.
///
/// # Errors
/// If values, peers or attributes are more than 2 GiB.
pub(crate) fn columns(pieces: &[Piece]) -> Result<RecordBatch, ArrowError> {
    let records = pieces.iter().map(Piece::records).sum();
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(values(pieces, records)?),
        Arc::new(sequence(pieces, records)),
        Arc::new(received(pieces, records)),
        Arc::new(peers(pieces, records)?),
        Arc::new(attributes(pieces, records)?),
    ];
    let schema = if pieces.iter().any(|piece| piece.reason.is_some()) {
        columns.push(Arc::new(rejected(pieces)));
        SCHEMA_WITH_REJECTED.clone()
    } else {
        SCHEMA.clone()
    };
    RecordBatch::try_new(schema, columns)
}

/// All values in one buffer, or the buffer of the chunk itself if there is only one.
fn values(pieces: &[Piece], records: usize) -> Result<BinaryArray, ArrowError> {
    if let [piece] = pieces {
        return Ok(piece.chunk.values.clone());
    }
    let bytes: u64 = pieces.iter().map(|piece| value_bytes(&piece.chunk.values)).sum();
    let mut end = 0_i32;
    i32::try_from(bytes).map_err(|_| too_large("values", bytes))?;
    let mut offsets = Vec::with_capacity(records + 1);
    let mut data = Vec::with_capacity(usize::try_from(bytes).unwrap_or(0));
    offsets.push(0);
    for piece in pieces {
        let values = &piece.chunk.values;
        let own = values.value_offsets();
        let (first, last) = (own[0], own[own.len() - 1]);
        offsets.extend(own[1..].iter().map(|offset| offset - first + end));
        end += last - first;
        data.extend_from_slice(&values.value_data()[usize_of(first)..usize_of(last)]);
    }
    BinaryArray::try_new(offset_buffer(offsets), Buffer::from_vec(data), None)
}

fn sequence(pieces: &[Piece], records: usize) -> UInt64Array {
    let mut numbers = Vec::with_capacity(records);
    for piece in pieces {
        numbers.extend(piece.first..piece.first + piece.records() as u64);
    }
    UInt64Array::from(numbers)
}

fn received(pieces: &[Piece], records: usize) -> TimestampMillisecondArray {
    let mut times = Vec::with_capacity(records);
    for piece in pieces {
        let time = i64::try_from(piece.received_ms).unwrap_or(i64::MAX);
        times.resize(times.len() + piece.records(), time);
    }
    TimestampMillisecondArray::from(times).with_timezone("UTC")
}

fn peers(pieces: &[Piece], records: usize) -> Result<StringArray, ArrowError> {
    let groups = pieces.iter().map(|piece| (vec![&*piece.chunk.peer], piece.records()));
    repeated(groups.collect(), records, "peers")
}

fn attributes(pieces: &[Piece], records: usize) -> Result<MapArray, ArrowError> {
    let entries =
        pieces.iter().map(|piece| piece.records() * piece.chunk.attributes.len()).sum::<usize>();
    i32::try_from(entries).map_err(|_| too_large("attributes", entries as u64))?;
    let mut offsets = Vec::with_capacity(records + 1);
    let mut end = 0_i32;
    offsets.push(0);
    for piece in pieces {
        let each = i32::try_from(piece.chunk.attributes.len()).unwrap_or(0);
        for _ in 0..piece.records() {
            end += each;
            offsets.push(end);
        }
    }
    let group = |text: fn(&(Arc<str>, Arc<str>)) -> &str| {
        pieces
            .iter()
            .map(|piece| (piece.chunk.attributes.iter().map(text).collect(), piece.records()))
            .collect()
    };
    let keys = repeated(group(|(name, _)| name), entries, "attributes")?;
    let values = repeated(group(|(_, value)| value), entries, "attributes")?;
    let columns: Vec<ArrayRef> = vec![Arc::new(keys), Arc::new(values)];
    let structs = StructArray::try_new(ENTRY_FIELDS.clone(), columns, None)?;
    MapArray::try_new(ENTRIES.clone(), offset_buffer(offsets), structs, None, false)
}

fn rejected(pieces: &[Piece]) -> StringArray {
    let mut column = StringBuilder::new();
    for piece in pieces {
        let text = piece.reason.as_ref().map(|reason| format!("{} {}", reason.class, reason.text));
        for _ in 0..piece.records() {
            column.append_option(text.as_deref());
        }
    }
    column.finish()
}

/// A column of groups of texts: the texts of a group one after the other, all so many times.
fn repeated(
    groups: Vec<(Vec<&str>, usize)>,
    count: usize,
    what: &str,
) -> Result<StringArray, ArrowError> {
    let size = |texts: &[&str]| texts.iter().map(|text| text.len()).sum::<usize>();
    let bytes = groups.iter().map(|(texts, times)| (size(texts) * times) as u64).sum::<u64>();
    i32::try_from(bytes).map_err(|_| too_large(what, bytes))?;
    let mut offsets = Vec::with_capacity(count + 1);
    let mut data = Vec::with_capacity(usize::try_from(bytes).unwrap_or(0));
    let mut end = 0_i32;
    offsets.push(0);
    for (texts, times) in groups {
        data.extend_from_slice(&texts.concat().as_bytes().repeat(times));
        let lengths: Vec<i32> =
            texts.iter().map(|text| i32::try_from(text.len()).unwrap_or(0)).collect();
        for _ in 0..times {
            offsets.extend(lengths.iter().map(|length| {
                end += length;
                end
            }));
        }
    }
    StringArray::try_new(offset_buffer(offsets), Buffer::from_vec(data), None::<NullBuffer>)
}

/// Offsets that were counted upwards from 0.
fn offset_buffer(offsets: Vec<i32>) -> OffsetBuffer<i32> {
    OffsetBuffer::new(ScalarBuffer::from(offsets))
}

fn usize_of(offset: i32) -> usize {
    usize::try_from(offset).unwrap_or(0)
}

/// An error for columns that Arrow cannot hold.
pub(crate) fn too_large(what: &str, size: u64) -> ArrowError {
    ArrowError::InvalidArgumentError(format!(
        "{size} bytes of {what} are more than one slice can hold; lower `max_batch_bytes`"
    ))
}

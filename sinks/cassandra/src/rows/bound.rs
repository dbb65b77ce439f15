//! A chunk of a batch, seen through a mapping.

use arrow::array::{Array, ArrayRef, RecordBatch};
use forebay_core::dead_letter::Reason;

use super::clock::{Clock, Time};
use super::encoded::{Encoded, Row};
use super::marker::Marker;
use crate::conversion::column::{NULL, UNSET};
use crate::conversion::{Bad, Column, Mismatch, instant, integer};
use crate::settings::time_to_live::MAX_TTL_SECONDS;
use crate::settings::{Delete, Nulls, Settings, WriteTime};
use crate::table::{Layout, Mapping, Table, Verb};

/// The longest partition key and clustering key, in bytes.
const MAX_KEY_BYTES: usize = 65_535;

/// A chunk of a batch, seen through a mapping.
pub struct Bound {
    columns: Vec<Named>,
    keys: usize,
    partition_keys: usize,
    /// The field, for its nulls.
    time: Option<ArrayRef>,
    clock: Clock,
    ttl: Option<(ArrayRef, integer::Whole)>,
    marker: Marker,
    null: [u8; 4],
    max_row_bytes: usize,
}

struct Named {
    name: String,
    column: Column,
}

/// How a row is written: an index among the statements, and the order of its values.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// Its index.
    pub statement: u32,
    /// The order.
    pub layout: Layout,
}

impl Bound {
    /// Looks at a chunk; `first` is the write time of its first row, where that comes from the
    /// batch.
    ///
    /// # Errors
    /// The types do not fit, which the mapping was to find out.
    pub fn new(
        table: &Table,
        mapping: &Mapping,
        settings: &Settings,
        chunk: &RecordBatch,
        first: i64,
    ) -> Result<Self, Mismatch> {
        let columns = mapping.columns.iter().map(|mapped| {
            let column = &table.columns[mapped.column];
            let values = Column::new(&column.typ, chunk.column(mapped.field), settings.blob_text)?;
            Ok(Named { name: column.name.clone(), column: values })
        });
        let field = |index: Option<usize>| index.map(|index| chunk.column(index).clone());
        let time = field(mapping.write_time);
        let clock = match &settings.write_time {
            WriteTime::Batch => Clock::Batch { first },
            WriteTime::Fixed { .. } | WriteTime::Server => Clock::None,
            WriteTime::Field { unit, .. } => {
                let whole = |array: &ArrayRef| integer::whole(array);
                let read = time.as_ref().and_then(|array| match instant::timestamps(array) {
                    Some((ticks, per_second)) => Some(Time::Timestamp(ticks, per_second)),
                    None => whole(array).map(|whole| Time::Whole(whole, *unit)),
                });
                let position = field(mapping.position).as_ref().and_then(whole);
                read.map_or(Clock::None, |time| Clock::Field { time, position })
            }
        };
        let marker = match &settings.delete {
            None => Marker::Never,
            Some(Delete::Nulls {}) => Marker::Nulls,
            Some(Delete::Field { values, .. }) => {
                field(mapping.delete).map_or(Marker::Never, |array| Marker::of(&array, values))
            }
        };
        let ttl = field(mapping.ttl).and_then(|array| {
            let whole = integer::whole(&array)?;
            Some((array, whole))
        });
        Ok(Self {
            columns: columns.collect::<Result<_, Mismatch>>()?,
            keys: mapping.keys(table),
            partition_keys: mapping.partition_keys(table),
            time,
            clock,
            ttl,
            marker,
            null: match settings.nulls {
                Nulls::Unset => UNSET,
                Nulls::Null => NULL,
            },
            max_row_bytes: usize::try_from(settings.max_row_bytes.0).unwrap_or(usize::MAX),
        })
    }

    /// Whether a row deletes.
    #[must_use]
    pub fn deletes(&self, row: usize) -> bool {
        match &self.marker {
            Marker::Never => false,
            Marker::Nulls => self.columns[self.keys..].iter().all(|it| it.column.is_null(row)),
            Marker::Field(deletes) => deletes(row),
        }
    }

    /// Writes a row's values.
    ///
    /// # Errors
    /// Why the row can never be written. Nothing of it is left then.
    pub fn write(
        &self,
        row: usize,
        number: u32,
        way: Way,
        out: &mut Encoded,
    ) -> Result<(), Reason> {
        let start = out.bytes.len();
        let written = self.write_values(row, way.layout, &mut out.bytes);
        let len = out.bytes.len() - start;
        let key = written.and_then(|key| {
            if len > self.max_row_bytes {
                let text = format!(
                    "the row has {len} bytes, more than `max_row_bytes` ({})",
                    self.max_row_bytes
                );
                return Err(Reason::new("oversize", text));
            }
            Ok(key)
        });
        let placed = key.and_then(|(key_start, key_len)| {
            let short = |value: usize| {
                u32::try_from(value).map_err(|_| Reason::new("oversize", "the batch is too large"))
            };
            Ok(Row {
                number,
                statement: way.statement,
                alone: false,
                start: short(start)?,
                len: short(len)?,
                key_start: short(key_start)?,
                key_len: short(key_len)?,
            })
        });
        match placed {
            Ok(row) => out.rows.push(row),
            Err(reason) => {
                out.bytes.truncate(start);
                return Err(reason);
            }
        }
        Ok(())
    }

    /// Writes the values in a statement's order; where the partition key stands.
    fn write_values(
        &self,
        row: usize,
        layout: Layout,
        out: &mut Vec<u8>,
    ) -> Result<(usize, usize), Reason> {
        let (keys, others) = self.columns.split_at(self.keys);
        match layout.verb {
            Verb::Upsert => {
                let key = self.write_key(row, keys, out)?;
                for named in others {
                    named.write(row, self.null, out)?;
                }
                if layout.write_time {
                    self.write_time(row, out)?;
                }
                if layout.ttl {
                    self.write_ttl(row, out)?;
                }
                Ok(key)
            }
            Verb::Delete => {
                if layout.write_time {
                    self.write_time(row, out)?;
                }
                self.write_key(row, keys, out)
            }
            Verb::Add => {
                for named in others {
                    if named.column.is_null(row) {
                        cell(&0_i64.to_be_bytes(), out);
                    } else {
                        named.write(row, NULL, out)?;
                    }
                }
                self.write_key(row, keys, out)
            }
        }
    }

    fn write_key(
        &self,
        row: usize,
        keys: &[Named],
        out: &mut Vec<u8>,
    ) -> Result<(usize, usize), Reason> {
        let start = out.len();
        let mut end = start;
        for (index, named) in keys.iter().enumerate() {
            if named.column.is_null(row) {
                let text = format!("`{}`, a part of the primary key, is null", named.name);
                return Err(Reason::new("null_key", text));
            }
            let before = out.len();
            named.write(row, NULL, out)?;
            if out.len() - before > MAX_KEY_BYTES + 4 {
                let text = format!(
                    "`{}`, a part of the primary key, has more than 65535 bytes",
                    named.name
                );
                return Err(Reason::new("oversize", text));
            }
            if index + 1 == self.partition_keys {
                end = out.len();
            }
        }
        if end - start > MAX_KEY_BYTES {
            return Err(Reason::new("oversize", "the partition key has more than 65535 bytes"));
        }
        if self.partition_keys == 1 && end - start == 4 {
            let text = format!("`{}`, the partition key, is empty", keys[0].name);
            return Err(Reason::new("null_key", text));
        }
        Ok((start, end - start))
    }

    fn write_time(&self, row: usize, out: &mut Vec<u8>) -> Result<(), Reason> {
        if self.time.as_ref().is_some_and(|time| time.is_null(row)) {
            return Err(Reason::new("write_time", "the field with the write time is null"));
        }
        let micros = self
            .clock
            .micros(row)
            .map_err(|bad| Reason::new("write_time", format!("the write time: {bad}")))?;
        match micros {
            Some(micros) => cell(&micros.to_be_bytes(), out),
            None => out.extend_from_slice(&UNSET),
        }
        Ok(())
    }

    fn write_ttl(&self, row: usize, out: &mut Vec<u8>) -> Result<(), Reason> {
        let Some((array, whole)) = self.ttl.as_ref().filter(|(array, _)| array.is_valid(row))
        else {
            out.extend_from_slice(&UNSET);
            return Ok(());
        };
        let wrong = |what: String| Reason::new("ttl", format!("the time to live of {what}"));
        debug_assert!(array.is_valid(row));
        let number = whole(row).map_err(|bad: Bad| wrong(bad.to_string()))?;
        match i32::try_from(number) {
            Ok(seconds) if (0..=MAX_TTL_SECONDS).contains(&seconds) => {
                cell(&seconds.to_be_bytes(), out);
                Ok(())
            }
            _ => Err(wrong(format!("{number} seconds is not from 0 to {MAX_TTL_SECONDS}"))),
        }
    }
}

impl Named {
    fn write(&self, row: usize, null: [u8; 4], out: &mut Vec<u8>) -> Result<(), Reason> {
        self.column
            .write(row, null, out)
            .map_err(|bad| Reason::new("value", format!("column `{}`: {bad}", self.name)))
    }
}

/// A value of fixed length with its length before it.
fn cell(content: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(content.len()).unwrap_or(0);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(content);
}

//! The values of one column.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, StringArray,
    TimestampMicrosecondArray,
};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, TimeUnit};
use arrow::error::ArrowError;

use crate::division::Division;
use crate::random::{Stream, next, scaled};
use crate::schedule::Schedule;

/// A column and how its values are made.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    name: Arc<str>,
    maker: Maker,
    nulls: f64,
}

/// How values are made.
#[derive(Clone, Debug)]
pub(crate) enum Maker {
    /// The record's place in the whole stream.
    Sequence,
    /// The time at which it is due.
    Time,
    Bigint {
        min: i64,
        max: i64,
    },
    Int {
        min: i32,
        max: i32,
    },
    Double {
        min: f64,
        max: f64,
        decimals: u32,
    },
    Boolean,
    /// One of these texts.
    Choice(Vec<Box<str>>),
    /// A prefix and a number of fixed width.
    Numbered {
        prefix: Box<str>,
        distinct: u64,
        digits: u32,
    },
    Letters {
        length: u32,
    },
    /// 4 to 12 words.
    Sentence {
        words: &'static [&'static str],
    },
    /// Within 2 % of the usual price of what the column `of` chose.
    Price {
        of: &'static str,
        usual: Vec<f64>,
    },
}

/// Consecutive records of one split.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) split: u32,
    /// The number of the first record.
    pub(crate) from: u64,
    pub(crate) len: usize,
}

impl Span {
    fn numbers(self) -> impl Iterator<Item = u64> {
        (0..self.len as u64).map(move |index| self.from.saturating_add(index))
    }
}

/// What all columns of all splits have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub(crate) seed: u64,
    pub(crate) division: Division,
    pub(crate) schedule: Schedule,
    /// The event time of the schedule's beginning, in microseconds since the Unix epoch.
    pub(crate) start_micros: i64,
}

impl Maker {
    /// A prefix and a number below `distinct`, wide enough for the largest.
    pub(crate) fn numbered(prefix: &str, distinct: u64) -> Self {
        let digits = (distinct.max(1) - 1).checked_ilog10().unwrap_or(0) + 1;
        Self::Numbered { prefix: prefix.into(), distinct, digits }
    }

    fn data_type(&self) -> DataType {
        match self {
            Self::Sequence | Self::Bigint { .. } => DataType::Int64,
            Self::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Int { .. } => DataType::Int32,
            Self::Double { .. } | Self::Price { .. } => DataType::Float64,
            Self::Boolean => DataType::Boolean,
            Self::Choice(_) | Self::Numbered { .. } | Self::Letters { .. } => DataType::Utf8,
            Self::Sentence { .. } => DataType::Utf8,
        }
    }

    /// The largest number of bytes that a value has.
    fn max_width(&self) -> u64 {
        let width = match self {
            Self::Sequence | Self::Bigint { .. } | Self::Time => 8,
            Self::Double { .. } | Self::Price { .. } => 8,
            Self::Int { .. } => 4,
            Self::Boolean => 1,
            Self::Choice(values) => values.iter().map(|value| value.len()).max().unwrap_or(0),
            Self::Numbered { prefix, digits, .. } => prefix.len() + *digits as usize,
            Self::Letters { length } => *length as usize,
            Self::Sentence { words } => {
                MAX_WORDS as usize * (words.iter().map(|word| word.len()).max().unwrap_or(0) + 1)
            }
        };
        width as u64
    }
}

const MIN_WORDS: u64 = 4;
const MAX_WORDS: u64 = 12;

impl Column {
    pub(crate) fn new(name: &str, maker: Maker) -> Self {
        Self { name: name.into(), maker, nulls: 0.0 }
    }

    /// Makes a part of the values null.
    pub(crate) fn nulls(mut self, part: f64) -> Self {
        self.nulls = part;
        self
    }

    pub(crate) fn field(&self) -> Field {
        Field::new(self.name.as_ref(), self.maker.data_type(), self.nulls > 0.0)
    }

    /// The largest number of bytes that a value has.
    pub(crate) fn max_width(&self) -> u64 {
        self.maker.max_width()
    }

    /// The values of these records.
    pub(crate) fn values(&self, frame: &Frame, span: Span) -> Result<ArrayRef, ArrowError> {
        let stream = Stream::new(frame.seed, span.split, &self.name);
        let nulls = self.null_buffer(frame, span);
        Ok(match &self.maker {
            Maker::Sequence => {
                let places = span.numbers().map(|number| frame.division.place(span.split, number));
                let values: Vec<i64> = places.map(u64::cast_signed).collect();
                Arc::new(Int64Array::try_new(values.into(), nulls)?)
            }
            Maker::Time => {
                let values: Vec<i64> = span.numbers().map(|n| frame.time(span.split, n)).collect();
                let times = TimestampMicrosecondArray::try_new(values.into(), nulls)?;
                Arc::new(times.with_timezone("UTC"))
            }
            Maker::Bigint { min, max } => {
                let width = min.abs_diff(*max).saturating_add(1);
                let value = |n| min.wrapping_add_unsigned(stream.below(n, width));
                let values: Vec<i64> = span.numbers().map(value).collect();
                Arc::new(Int64Array::try_new(values.into(), nulls)?)
            }
            Maker::Int { min, max } => {
                let width = u64::from(min.abs_diff(*max)) + 1;
                let value = |n| min.wrapping_add_unsigned(stream.below(n, width) as u32);
                let values: Vec<i32> = span.numbers().map(value).collect();
                Arc::new(Int32Array::try_new(values.into(), nulls)?)
            }
            Maker::Double { min, max, decimals } => {
                let scale = 10_f64.powi((*decimals).cast_signed());
                let value = |n| rounded(min + (max - min) * stream.unit(n), scale);
                let values: Vec<f64> = span.numbers().map(value).collect();
                Arc::new(Float64Array::try_new(values.into(), nulls)?)
            }
            Maker::Price { of, usual } => {
                let chosen = Stream::new(frame.seed, span.split, of);
                let count = usual.len() as u64;
                let value = |n| {
                    let usual = usual[chosen.below(n, count) as usize];
                    rounded(usual * (0.98 + 0.04 * stream.unit(n)), 100.0)
                };
                let values: Vec<f64> = span.numbers().map(value).collect();
                Arc::new(Float64Array::try_new(values.into(), nulls)?)
            }
            Maker::Boolean => {
                let values = span.numbers().map(|n| stream.bits(n) >> 63 == 1).collect();
                Arc::new(BooleanArray::new(values, nulls))
            }
            texts => {
                let width = usize::try_from(texts.max_width()).unwrap_or(usize::MAX);
                let mut bytes = Vec::with_capacity(width.saturating_mul(span.len).min(MAX_RESERVE));
                let mut offsets = Vec::with_capacity(span.len + 1);
                offsets.push(0);
                for number in span.numbers() {
                    texts.write_text(stream.bits(number), &mut bytes);
                    offsets.push(i32::try_from(bytes.len()).map_err(|_| too_large())?);
                }
                let offsets = OffsetBuffer::new(offsets.into());
                Arc::new(StringArray::try_new(offsets, Buffer::from_vec(bytes), nulls)?)
            }
        })
    }

    fn null_buffer(&self, frame: &Frame, span: Span) -> Option<NullBuffer> {
        if self.nulls <= 0.0 {
            return None;
        }
        let stream = Stream::new(frame.seed, span.split, &format!("{}?", self.name));
        Some(span.numbers().map(|number| stream.unit(number) >= self.nulls).collect())
    }
}

/// Memory that is reserved ahead for the texts of one column, at most.
const MAX_RESERVE: usize = 16 << 20;

impl Maker {
    /// Writes a text; nothing if the values are no texts.
    fn write_text(&self, bits: u64, out: &mut Vec<u8>) {
        match self {
            Self::Choice(values) => {
                out.extend_from_slice(
                    values[scaled(bits, values.len() as u64) as usize].as_bytes(),
                );
            }
            Self::Numbered { prefix, distinct, digits } => {
                out.extend_from_slice(prefix.as_bytes());
                write_number(scaled(bits, *distinct), *digits as usize, out);
            }
            Self::Letters { length } => {
                let mut bits = bits;
                for index in 0..*length {
                    if index % 8 == 0 {
                        bits = next(bits);
                    }
                    let byte = (bits >> (index % 8 * 8)) & 0xff;
                    out.push(b'a' + u8::try_from((byte * 26) >> 8).unwrap_or(0));
                }
            }
            Self::Sentence { words } => {
                let count = MIN_WORDS + scaled(bits, MAX_WORDS - MIN_WORDS + 1);
                let mut bits = bits;
                for index in 0..count {
                    bits = next(bits);
                    if index > 0 {
                        out.push(b' ');
                    }
                    out.extend_from_slice(
                        words[scaled(bits, words.len() as u64) as usize].as_bytes(),
                    );
                }
            }
            _ => {}
        }
    }
}

fn write_number(mut number: u64, digits: usize, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + digits, b'0');
    for digit in out[start..].iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

fn rounded(value: f64, scale: f64) -> f64 {
    (value * scale).round() / scale
}

fn too_large() -> ArrowError {
    ArrowError::InvalidArgumentError(
        "the texts of one column exceed 2 GiB: grant fewer records at once".to_owned(),
    )
}

impl Frame {
    /// The event time of a record, in microseconds since the Unix epoch.
    fn time(&self, split: u32, number: u64) -> i64 {
        let after = self.schedule.time(self.division.place(split, number));
        self.start_micros.saturating_add(i64::try_from(after).unwrap_or(i64::MAX))
    }
}

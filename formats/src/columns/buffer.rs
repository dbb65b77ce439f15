//! The values of a column.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, BooleanBufferBuilder, ListArray, PrimitiveArray,
    StringArray, StructArray,
};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow::error::ArrowError;

use super::column::Column;
use super::rows::Rows;
use crate::schema::Type;

/// The values of a column, by type.
pub(crate) enum Values {
    Boolean(BooleanBufferBuilder),
    TinyInt(Vec<i8>),
    SmallInt(Vec<i16>),
    Int(Vec<i32>),
    BigInt(Vec<i64>),
    Float(Vec<f32>),
    Double(Vec<f64>),
    Decimal(Vec<i128>, u8, i8),
    Date(Vec<i32>),
    Time(Vec<i64>),
    Timestamp(Vec<i64>),
    Text(VarLen),
    Json(VarLen),
    Uuid(VarLen),
    Blob(VarLen),
    List(Vec<i32>, Box<Column>),
    Struct(Rows),
}

/// Values of varying length, end to end.
pub(crate) struct VarLen {
    offsets: Vec<i32>,
    bytes: Vec<u8>,
}

impl VarLen {
    fn with_capacity(rows: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self { offsets, bytes: Vec::new() }
    }

    /// Appends a value; `false` if the column would outgrow the 2 GiB that its offsets can say.
    #[must_use]
    pub(crate) fn push(&mut self, value: &[u8]) -> bool {
        let Ok(end) = i32::try_from(self.bytes.len() + value.len()) else { return false };
        self.bytes.extend_from_slice(value);
        self.offsets.push(end);
        true
    }

    fn push_empty(&mut self) {
        self.offsets.push(last(&self.offsets));
    }

    fn truncate(&mut self, len: usize) {
        self.offsets.truncate(len + 1);
        self.bytes.truncate(usize::try_from(last(&self.offsets)).unwrap_or_default());
    }

    fn finish(self) -> (OffsetBuffer<i32>, Buffer) {
        (OffsetBuffer::new(ScalarBuffer::from(self.offsets)), Buffer::from_vec(self.bytes))
    }
}

fn last(offsets: &[i32]) -> i32 {
    offsets.last().copied().unwrap_or_default()
}

impl Values {
    /// No values of a type, with room for so many.
    pub(crate) fn with_capacity(kind: &Type, rows: usize) -> Self {
        match kind {
            Type::Boolean => Self::Boolean(BooleanBufferBuilder::new(rows)),
            Type::TinyInt => Self::TinyInt(Vec::with_capacity(rows)),
            Type::SmallInt => Self::SmallInt(Vec::with_capacity(rows)),
            Type::Int => Self::Int(Vec::with_capacity(rows)),
            Type::BigInt => Self::BigInt(Vec::with_capacity(rows)),
            Type::Float => Self::Float(Vec::with_capacity(rows)),
            Type::Double => Self::Double(Vec::with_capacity(rows)),
            Type::Decimal(precision, scale) => {
                Self::Decimal(Vec::with_capacity(rows), *precision, *scale)
            }
            Type::Date => Self::Date(Vec::with_capacity(rows)),
            Type::Time => Self::Time(Vec::with_capacity(rows)),
            Type::Timestamp => Self::Timestamp(Vec::with_capacity(rows)),
            Type::Text => Self::Text(VarLen::with_capacity(rows)),
            Type::Json => Self::Json(VarLen::with_capacity(rows)),
            Type::Uuid => Self::Uuid(VarLen::with_capacity(rows)),
            Type::Blob => Self::Blob(VarLen::with_capacity(rows)),
            Type::List(element) => {
                let mut offsets = Vec::with_capacity(rows + 1);
                offsets.push(0);
                Self::List(offsets, Box::new(Column::with_capacity(element, 0)))
            }
            Type::Struct(fields) => Self::Struct(Rows::with_capacity(fields, rows)),
        }
    }

    /// Appends a place holder under a null.
    pub(crate) fn push_default(&mut self) {
        match self {
            Self::Boolean(values) => values.append(false),
            Self::TinyInt(values) => values.push(0),
            Self::SmallInt(values) => values.push(0),
            Self::Int(values) | Self::Date(values) => values.push(0),
            Self::BigInt(values) | Self::Time(values) | Self::Timestamp(values) => values.push(0),
            Self::Float(values) => values.push(0.0),
            Self::Double(values) => values.push(0.0),
            Self::Decimal(values, ..) => values.push(0),
            Self::Text(values) | Self::Json(values) | Self::Uuid(values) | Self::Blob(values) => {
                values.push_empty();
            }
            Self::List(offsets, _) => offsets.push(last(offsets)),
            Self::Struct(rows) => rows.push_nulls(),
        }
    }

    /// Forgets all values after the first `len`.
    pub(crate) fn truncate(&mut self, len: usize) {
        match self {
            Self::Boolean(values) => values.truncate(len),
            Self::TinyInt(values) => values.truncate(len),
            Self::SmallInt(values) => values.truncate(len),
            Self::Int(values) | Self::Date(values) => values.truncate(len),
            Self::BigInt(values) | Self::Time(values) | Self::Timestamp(values) => {
                values.truncate(len);
            }
            Self::Float(values) => values.truncate(len),
            Self::Double(values) => values.truncate(len),
            Self::Decimal(values, ..) => values.truncate(len),
            Self::Text(values) | Self::Json(values) | Self::Uuid(values) | Self::Blob(values) => {
                values.truncate(len);
            }
            Self::List(offsets, child) => {
                offsets.truncate(len + 1);
                child.truncate(usize::try_from(last(offsets)).unwrap_or_default());
            }
            Self::Struct(rows) => rows.truncate(len),
        }
    }

    /// The Arrow array of `len` values.
    pub(crate) fn finish(
        self,
        kind: &Type,
        len: usize,
        nulls: Option<NullBuffer>,
    ) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Boolean(mut values) => Arc::new(BooleanArray::new(values.finish(), nulls)),
            Self::TinyInt(values) => primitive::<Int8Type>(values, nulls)?,
            Self::SmallInt(values) => primitive::<Int16Type>(values, nulls)?,
            Self::Int(values) => primitive::<Int32Type>(values, nulls)?,
            Self::BigInt(values) => primitive::<Int64Type>(values, nulls)?,
            Self::Float(values) => primitive::<Float32Type>(values, nulls)?,
            Self::Double(values) => primitive::<Float64Type>(values, nulls)?,
            Self::Date(values) => primitive::<Date32Type>(values, nulls)?,
            Self::Time(values) => primitive::<Time64MicrosecondType>(values, nulls)?,
            Self::Decimal(values, precision, scale) => Arc::new(
                PrimitiveArray::<Decimal128Type>::try_new(values.into(), nulls)?
                    .with_precision_and_scale(precision, scale)?,
            ),
            Self::Timestamp(values) => Arc::new(
                PrimitiveArray::<TimestampMicrosecondType>::try_new(values.into(), nulls)?
                    .with_timezone("UTC"),
            ),
            Self::Text(values) | Self::Json(values) | Self::Uuid(values) => {
                let (offsets, bytes) = values.finish();
                Arc::new(StringArray::try_new(offsets, bytes, nulls)?)
            }
            Self::Blob(values) => {
                let (offsets, bytes) = values.finish();
                Arc::new(BinaryArray::try_new(offsets, bytes, nulls)?)
            }
            Self::List(offsets, child) => {
                let DataType::List(field) = kind.to_arrow() else { return Err(odd(kind)) };
                let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
                Arc::new(ListArray::try_new(field, offsets, child.finish()?, nulls)?)
            }
            Self::Struct(rows) => {
                let DataType::Struct(fields) = kind.to_arrow() else { return Err(odd(kind)) };
                let columns = rows.finish()?;
                Arc::new(StructArray::try_new_with_length(fields, columns, nulls, len)?)
            }
        })
    }
}

fn primitive<T: ArrowPrimitiveType>(
    values: Vec<T::Native>,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, ArrowError> {
    Ok(Arc::new(PrimitiveArray::<T>::try_new(values.into(), nulls)?))
}

fn odd(kind: &Type) -> ArrowError {
    ArrowError::SchemaError(format!("the values of {kind} are of another type"))
}

//! What Arrow makes of a schema, and the way back.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use thiserror::Error;

use super::{FieldSpec, SchemaSpec, Type};

/// A column of a file for which a schema has no type.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("field `{path}` has the type {found}, which a schema cannot name")]
pub struct NoType {
    /// Where it stands.
    pub path: String,
    /// The Arrow type.
    pub found: String,
}

impl Type {
    /// The Arrow type of a column of this type.
    #[must_use]
    pub fn to_arrow(&self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::TinyInt => DataType::Int8,
            Self::SmallInt => DataType::Int16,
            Self::Int => DataType::Int32,
            Self::BigInt => DataType::Int64,
            Self::Float => DataType::Float32,
            Self::Double => DataType::Float64,
            Self::Decimal(precision, scale) => DataType::Decimal128(*precision, *scale),
            Self::Text | Self::Json | Self::Uuid => DataType::Utf8,
            Self::Blob => DataType::Binary,
            Self::Date => DataType::Date32,
            Self::Time => DataType::Time64(TimeUnit::Microsecond),
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::List(element) => DataType::List(Arc::new(element.to_arrow())),
            Self::Struct(fields) => DataType::Struct(fields.to_fields()),
        }
    }

    /// The type that holds what an Arrow column of this type holds.
    fn from_arrow(path: &str, data_type: &DataType) -> Result<Self, NoType> {
        Ok(match data_type {
            DataType::Boolean => Self::Boolean,
            DataType::Int8 => Self::TinyInt,
            DataType::Int16 | DataType::UInt8 => Self::SmallInt,
            DataType::Int32 | DataType::UInt16 => Self::Int,
            DataType::Int64 | DataType::UInt32 => Self::BigInt,
            DataType::UInt64 => Self::Decimal(20, 0),
            DataType::Float16 | DataType::Float32 => Self::Float,
            DataType::Float64 => Self::Double,
            DataType::Decimal32(precision, scale)
            | DataType::Decimal64(precision, scale)
            | DataType::Decimal128(precision, scale)
                if *scale >= 0 && scale.unsigned_abs() <= *precision =>
            {
                Self::Decimal(*precision, *scale)
            }
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => {
                Self::Text
            }
            DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_) => Self::Blob,
            DataType::Date32 => Self::Date,
            DataType::Time32(_) | DataType::Time64(_) => Self::Time,
            DataType::Timestamp(..) | DataType::Date64 => Self::Timestamp,
            DataType::Dictionary(_, value) => Self::from_arrow(path, value)?,
            DataType::RunEndEncoded(_, values) => Self::from_arrow(path, values.data_type())?,
            DataType::List(element)
            | DataType::LargeList(element)
            | DataType::FixedSizeList(element, _) => {
                let mut field = FieldSpec::from_arrow(&format!("{path}[]"), element)?;
                field.name = "item".into();
                Self::List(Box::new(field))
            }
            DataType::Struct(fields) => Self::Struct(SchemaSpec::from_fields(path, fields)?),
            other => {
                return Err(NoType { path: path.to_owned(), found: other.to_string() });
            }
        })
    }
}

impl FieldSpec {
    /// The Arrow field.
    #[must_use]
    pub fn to_arrow(&self) -> Field {
        Field::new(&self.name, self.kind.to_arrow(), self.nullable)
    }

    fn from_arrow(path: &str, field: &Field) -> Result<Self, NoType> {
        let kind = Type::from_arrow(path, field.data_type())?;
        let nullable = field.is_nullable() || !kind.is_simple();
        Ok(Self { name: field.name().clone(), kind, nullable })
    }
}

impl SchemaSpec {
    /// The Arrow schema.
    #[must_use]
    pub fn to_arrow(&self) -> SchemaRef {
        Arc::new(Schema::new(self.to_fields()))
    }

    fn to_fields(&self) -> Fields {
        self.fields.iter().map(FieldSpec::to_arrow).collect()
    }

    /// The schema that can hold what columns of an Arrow schema hold.
    ///
    /// # Errors
    /// The first column that has no such type: maps, intervals, unions.
    pub fn from_arrow(schema: &Schema) -> Result<Self, NoType> {
        Self::from_fields("", schema.fields())
    }

    fn from_fields(path: &str, fields: &Fields) -> Result<Self, NoType> {
        let inner = |name: &str| match path {
            "" => name.to_owned(),
            outer => format!("{outer}.{name}"),
        };
        let fields = fields.iter().map(|field| FieldSpec::from_arrow(&inner(field.name()), field));
        Ok(Self { fields: fields.collect::<Result<_, _>>()? })
    }
}

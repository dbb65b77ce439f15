//! A column, and the values that it takes.

use std::fmt;

use arrow::array::{ArrayRef, NullBufferBuilder};
use arrow::error::ArrowError;

use super::buffer::Values;
use super::text;
use crate::schema::{FieldSpec, Type};

/// A value that a column does not take: what was expected, and what came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong(pub(crate) String);

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The length at which a value is cut when it is quoted in a message, in characters.
const QUOTED_CHARS: usize = 60;

/// A text quoted for a message, at most so long.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED_CHARS) {
        Some((end, _)) => format!("`{}...`", &text[..end]),
        None => format!("`{text}`"),
    }
}

/// The values of one field, and which of them are null.
pub(crate) struct Column {
    /// Its name.
    pub(crate) name: String,
    /// Its type.
    pub(crate) kind: Type,
    /// Whether null is allowed.
    pub(crate) nullable: bool,
    pub(crate) values: Values,
    pub(crate) nulls: NullBufferBuilder,
}

impl Column {
    /// An empty column with room for so many values.
    pub(crate) fn with_capacity(field: &FieldSpec, rows: usize) -> Self {
        Self {
            name: field.name.clone(),
            kind: field.kind.clone(),
            nullable: field.nullable,
            values: Values::with_capacity(&field.kind, rows),
            nulls: NullBufferBuilder::new(rows),
        }
    }

    /// How many values it has, nulls included.
    pub(crate) fn len(&self) -> usize {
        self.nulls.len()
    }

    /// Forgets all values after the first `len`.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.values.truncate(len);
        self.nulls.truncate(len);
    }

    /// Appends null, whether allowed or not: under a null struct it is.
    pub(crate) fn push_null(&mut self) {
        self.values.push_default();
        self.nulls.append_null();
    }

    /// Appends true or false.
    pub(crate) fn push_bool(&mut self, value: bool) -> Result<(), Wrong> {
        match &mut self.values {
            Values::Boolean(values) => values.append(value),
            _ => return Err(self.wrong(format_args!("{value}"))),
        }
        self.nulls.append_non_null();
        Ok(())
    }

    /// Appends an integer.
    pub(crate) fn push_integer(&mut self, value: i128) -> Result<(), Wrong> {
        let fits = match &mut self.values {
            Values::TinyInt(values) => i8::try_from(value).map(|value| values.push(value)).is_ok(),
            Values::SmallInt(values) => {
                i16::try_from(value).map(|value| values.push(value)).is_ok()
            }
            Values::Int(values) => i32::try_from(value).map(|value| values.push(value)).is_ok(),
            Values::BigInt(values) => i64::try_from(value).map(|value| values.push(value)).is_ok(),
            #[expect(clippy::cast_precision_loss, reason = "a float holds the nearest value")]
            Values::Float(values) => {
                values.push(value as f32);
                true
            }
            #[expect(clippy::cast_precision_loss, reason = "a double holds the nearest value")]
            Values::Double(values) => {
                values.push(value as f64);
                true
            }
            Values::Timestamp(values) => i64::try_from(value)
                .ok()
                .and_then(|millis| millis.checked_mul(1000))
                .map(|micros| values.push(micros))
                .is_some(),
            _ => return Err(self.wrong(format_args!("{value}"))),
        };
        if !fits {
            return Err(Wrong(format!("{value} does not fit {}", self.kind)));
        }
        self.nulls.append_non_null();
        Ok(())
    }

    /// Appends a number with a fraction or an exponent. An integer column takes it only if it
    /// is whole.
    pub(crate) fn push_float(&mut self, value: f64) -> Result<(), Wrong> {
        /// Up to here every whole number is exact in a double: 2^53.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        match &mut self.values {
            Values::Double(values) => values.push(value),
            Values::Float(values) => {
                #[expect(clippy::cast_possible_truncation, reason = "checked to be finite")]
                let single = value as f32;
                if single.is_infinite() && value.is_finite() {
                    return Err(Wrong(format!("{value} does not fit float")));
                }
                values.push(single);
            }
            _ if value.fract() == 0.0 && value.abs() <= EXACT => {
                #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
                return self.push_integer(value as i128);
            }
            _ => return Err(self.wrong(format_args!("{value}"))),
        }
        self.nulls.append_non_null();
        Ok(())
    }

    /// Appends a value that stands as text: of the text itself for `text`, else of what the
    /// text says.
    pub(crate) fn push_text(&mut self, text: &str) -> Result<(), Wrong> {
        let no = |kind: &Type| Wrong(format!("{} is no {kind}", quoted(text)));
        match &mut self.values {
            Values::Text(values) => {
                if !values.push(text.as_bytes()) {
                    return Err(too_large());
                }
            }
            Values::Boolean(values) => {
                values.append(text::boolean(text).ok_or_else(|| no(&self.kind))?);
            }
            Values::TinyInt(_) | Values::SmallInt(_) | Values::Int(_) | Values::BigInt(_) => {
                let value = text.trim().parse::<i128>().map_err(|_| no(&self.kind))?;
                return self.push_integer(value);
            }
            Values::Float(_) | Values::Double(_) => {
                let value = text.trim().parse::<f64>().map_err(|_| no(&self.kind))?;
                return self.push_float(value);
            }
            Values::Decimal(values, precision, scale) => {
                let value = super::decimal::parse(text.trim(), *precision, *scale)
                    .map_err(|why| Wrong(format!("{} {why} {}", quoted(text), self.kind)))?;
                values.push(value);
            }
            Values::Date(values) => values.push(text::date(text).ok_or_else(|| no(&self.kind))?),
            Values::Time(values) => values.push(text::time(text).ok_or_else(|| no(&self.kind))?),
            Values::Timestamp(values) => {
                values.push(text::timestamp(text).ok_or_else(|| no(&self.kind))?);
            }
            Values::Uuid(values) => {
                let uuid = text::uuid(text).ok_or_else(|| no(&self.kind))?;
                if !values.push(&uuid) {
                    return Err(too_large());
                }
            }
            Values::Blob(values) => {
                let bytes = text::hex(text).ok_or_else(|| {
                    Wrong(format!("{} is no blob: bytes are written in hexadecimal", quoted(text)))
                })?;
                if !values.push(&bytes) {
                    return Err(too_large());
                }
            }
            Values::Json(values) => {
                serde_json::from_str::<serde::de::IgnoredAny>(text)
                    .map_err(|error| Wrong(format!("{} is no JSON: {error}", quoted(text))))?;
                if !values.push(text.as_bytes()) {
                    return Err(too_large());
                }
            }
            Values::List(..) | Values::Struct(_) => {
                return Err(self.wrong(format_args!("the text {}", quoted(text))));
            }
        }
        self.nulls.append_non_null();
        Ok(())
    }

    /// What to say of a value of another kind.
    pub(crate) fn wrong(&self, found: fmt::Arguments<'_>) -> Wrong {
        let expected = match &self.kind {
            Type::List(_) => "a list".to_owned(),
            Type::Struct(_) => "an object".to_owned(),
            kind => kind.to_string(),
        };
        Wrong(format!("expected {expected}, got {found}"))
    }

    /// The Arrow array.
    pub(crate) fn finish(mut self) -> Result<ArrayRef, ArrowError> {
        let len = self.len();
        self.values.finish(&self.kind, len, self.nulls.finish())
    }
}

/// What to say when a column outgrows its offsets.
pub(crate) fn too_large() -> Wrong {
    Wrong("the column has grown to 2 GiB: read fewer bytes per batch".into())
}

//! Scalar types.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;
use scylla_cql_core::frame::response::result::{ColumnType, NativeType};

use super::column::Encode;
use super::text::Texts;
use super::{Bad, Mismatch, bytes, exact, float, identifier, instant, integer, span};
use crate::settings::BlobText;

/// Looks at a column as a scalar type.
///
/// # Errors
/// The types do not fit.
pub fn encode(
    typ: &ColumnType<'_>,
    native: &NativeType,
    array: &ArrayRef,
    blob_text: BlobText,
) -> Result<Encode, Mismatch> {
    let (encode, takes) = match native {
        NativeType::Ascii => (bytes::text(array, true), "text, and bytes that are ASCII"),
        NativeType::Text => (bytes::text(array, false), "text, and bytes that are UTF-8"),
        NativeType::Blob => (bytes::blob(array, blob_text), "bytes and text"),
        NativeType::Boolean => (boolean(array), "booleans, 0 and 1, and text"),
        NativeType::TinyInt => (integer::tinyint(array), integer::TAKES),
        NativeType::SmallInt => (integer::smallint(array), integer::TAKES),
        NativeType::Int => (integer::int(array), integer::TAKES),
        NativeType::BigInt | NativeType::Counter => (integer::bigint(array), integer::TAKES),
        NativeType::Varint => (exact::varint(array), exact::VARINT_TAKES),
        NativeType::Decimal => (exact::decimal(array), exact::DECIMAL_TAKES),
        NativeType::Float => (float::float(array), float::TAKES),
        NativeType::Double => (float::double(array), float::TAKES),
        NativeType::Timestamp => (instant::timestamp(array), instant::TIMESTAMP_TAKES),
        NativeType::Date => (instant::date(array), instant::DATE_TAKES),
        NativeType::Time => (instant::time(array), instant::TIME_TAKES),
        NativeType::Duration => (span::duration(array), span::TAKES),
        NativeType::Uuid => (identifier::uuid(array, false), identifier::UUID_TAKES),
        NativeType::Timeuuid => (identifier::uuid(array, true), identifier::UUID_TAKES),
        NativeType::Inet => (identifier::inet(array), identifier::INET_TAKES),
        _ => (None, "nothing: this version does not know the type"),
    };
    // A column that was null in each record has no type of its own.
    if *array.data_type() == DataType::Null {
        return Ok(Box::new(|_, _| Err(Bad::plain("the value is null"))));
    }
    encode.ok_or_else(|| Mismatch::new(array.data_type(), typ, takes))
}

/// Writes one byte.
fn boolean(array: &ArrayRef) -> Option<Encode> {
    if let Some(array) = array.as_boolean_opt().cloned() {
        return Some(Box::new(move |row, out| {
            out.push(u8::from(array.value(row)));
            Ok(())
        }));
    }
    if let Some(texts) = Texts::of(array) {
        return Some(Box::new(move |row, out| {
            out.push(match texts.value(row) {
                "true" | "1" => 1,
                "false" | "0" => 0,
                text => return Err(Bad::new(text, "is neither true nor false")),
            });
            Ok(())
        }));
    }
    let whole = integer::whole(array)?;
    Some(Box::new(move |row, out| {
        out.push(match whole(row)? {
            0 => 0,
            1 => 1,
            number => return Err(Bad::new(number, "is neither 0 nor 1")),
        });
        Ok(())
    }))
}

/// Reads pairs of hexadecimal digits.
pub fn hex(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|it| u8::try_from(it).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    for [high, low] in pairs {
        out.push(digit(*high)? << 4 | digit(*low)?);
    }
    Some(())
}

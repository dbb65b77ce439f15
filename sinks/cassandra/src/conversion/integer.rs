//! Whole numbers of fixed size.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, Decimal32Type, Decimal64Type, Decimal128Type, Int8Type, Int16Type, Int32Type,
    Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};

use super::Bad;
use super::column::Encode;
use super::text::Texts;

/// Reads a row as a whole number.
pub type Whole = Box<dyn Fn(usize) -> Result<i128, Bad> + Send + Sync>;

/// A column of whole numbers: integers, and decimals without places.
pub fn whole(array: &ArrayRef) -> Option<Whole> {
    macro_rules! of {
        ($type:ty) => {{
            let array = array.as_primitive::<$type>().clone();
            Box::new(move |row| Ok(i128::from(array.value(row))))
        }};
    }
    Some(match array.data_type() {
        DataType::Int8 => of!(Int8Type),
        DataType::Int16 => of!(Int16Type),
        DataType::Int32 => of!(Int32Type),
        DataType::Int64 => of!(Int64Type),
        DataType::UInt8 => of!(UInt8Type),
        DataType::UInt16 => of!(UInt16Type),
        DataType::UInt32 => of!(UInt32Type),
        DataType::UInt64 => of!(UInt64Type),
        DataType::Decimal32(_, 0) => of!(Decimal32Type),
        DataType::Decimal64(_, 0) => of!(Decimal64Type),
        DataType::Decimal128(_, 0) => of!(Decimal128Type),
        _ => return None,
    })
}

/// A column from which whole numbers can be had: also floating-point numbers without a fraction,
/// and text.
pub fn lenient(array: &ArrayRef) -> Option<Whole> {
    if let Some(whole) = whole(array) {
        return Some(whole);
    }
    if let Some(texts) = Texts::of(array) {
        return Some(Box::new(move |row| {
            let text = texts.value(row);
            text.parse().map_err(|_| Bad::new(text, "is no whole number"))
        }));
    }
    if *array.data_type() == DataType::Float64 {
        let array = array.as_primitive::<arrow::datatypes::Float64Type>().clone();
        return Some(Box::new(move |row| exact(array.value(row))));
    }
    None
}

/// The largest number up to which each whole number is a double.
const EXACT: f64 = 9_007_199_254_740_992.0;

#[expect(clippy::cast_possible_truncation, reason = "it has no fraction and fits by far")]
fn exact(value: f64) -> Result<i128, Bad> {
    if value.fract() == 0.0 && value.abs() <= EXACT {
        Ok(value as i128)
    } else {
        Err(Bad::new(value, "is no whole number that a double holds exactly"))
    }
}

/// What the columns of whole numbers take.
pub const TAKES: &str = "whole numbers, doubles without a fraction, and text with digits";

/// Writes a column as big-endian whole numbers of the type's size.
pub fn tinyint(array: &ArrayRef) -> Option<Encode> {
    if *array.data_type() == DataType::Int8 {
        let array = array.as_primitive::<Int8Type>().clone();
        return Some(Box::new(move |row, out| put(out, &array.value(row).to_be_bytes())));
    }
    ranged(array, |number, out| {
        Some(out.extend_from_slice(&i8::try_from(number).ok()?.to_be_bytes()))
    })
}

/// See [`tinyint`].
pub fn smallint(array: &ArrayRef) -> Option<Encode> {
    if *array.data_type() == DataType::Int16 {
        let array = array.as_primitive::<Int16Type>().clone();
        return Some(Box::new(move |row, out| put(out, &array.value(row).to_be_bytes())));
    }
    ranged(array, |number, out| {
        Some(out.extend_from_slice(&i16::try_from(number).ok()?.to_be_bytes()))
    })
}

/// See [`tinyint`].
pub fn int(array: &ArrayRef) -> Option<Encode> {
    if *array.data_type() == DataType::Int32 {
        let array = array.as_primitive::<Int32Type>().clone();
        return Some(Box::new(move |row, out| put(out, &array.value(row).to_be_bytes())));
    }
    ranged(array, |number, out| {
        Some(out.extend_from_slice(&i32::try_from(number).ok()?.to_be_bytes()))
    })
}

/// See [`tinyint`].
pub fn bigint(array: &ArrayRef) -> Option<Encode> {
    if *array.data_type() == DataType::Int64 {
        let array = array.as_primitive::<Int64Type>().clone();
        return Some(Box::new(move |row, out| put(out, &array.value(row).to_be_bytes())));
    }
    ranged(array, |number, out| {
        Some(out.extend_from_slice(&i64::try_from(number).ok()?.to_be_bytes()))
    })
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Bad> {
    out.extend_from_slice(bytes);
    Ok(())
}

/// Writes with a range check: `write` answers `None` for a number that does not fit.
fn ranged(array: &ArrayRef, write: fn(i128, &mut Vec<u8>) -> Option<()>) -> Option<Encode> {
    let whole = lenient(array)?;
    Some(Box::new(move |row, out| {
        let number = whole(row)?;
        write(number, out).ok_or_else(|| Bad::new(number, "is out of the type's range"))
    }))
}

//! `float` and `double`.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float16Type, Float32Type, Float64Type};

use super::Bad;
use super::column::Encode;
use super::integer;
use super::text::Texts;

/// What both take.
pub const TAKES: &str = "floating-point numbers, whole numbers that they hold exactly, and text";

/// Writes IEEE 754, 8 bytes.
pub fn double(array: &ArrayRef) -> Option<Encode> {
    Some(match array.data_type() {
        DataType::Float64 => {
            let array = array.as_primitive::<Float64Type>().clone();
            Box::new(move |row, out| put(out, &array.value(row).to_be_bytes()))
        }
        DataType::Float32 => {
            let array = array.as_primitive::<Float32Type>().clone();
            Box::new(move |row, out| put(out, &f64::from(array.value(row)).to_be_bytes()))
        }
        DataType::Float16 => {
            let array = array.as_primitive::<Float16Type>().clone();
            Box::new(move |row, out| put(out, &f64::from(array.value(row)).to_be_bytes()))
        }
        _ => other(array, 1 << 53, |number, out| out.extend_from_slice(&number.to_be_bytes()))?,
    })
}

/// Writes IEEE 754, 4 bytes. A double is rounded; one that is too large is an error.
pub fn float(array: &ArrayRef) -> Option<Encode> {
    Some(match array.data_type() {
        DataType::Float32 => {
            let array = array.as_primitive::<Float32Type>().clone();
            Box::new(move |row, out| put(out, &array.value(row).to_be_bytes()))
        }
        DataType::Float16 => {
            let array = array.as_primitive::<Float16Type>().clone();
            Box::new(move |row, out| put(out, &f32::from(array.value(row)).to_be_bytes()))
        }
        DataType::Float64 => {
            let array = array.as_primitive::<Float64Type>().clone();
            Box::new(move |row, out| put(out, &narrow(array.value(row))?.to_be_bytes()))
        }
        _ if Texts::of(array).is_some() => {
            let texts = Texts::of(array)?;
            Box::new(move |row, out| put(out, &narrow(parse(texts.value(row))?)?.to_be_bytes()))
        }
        _ => other(array, 1 << 24, |number, out| {
            #[expect(clippy::cast_possible_truncation, reason = "it is within 2^24")]
            out.extend_from_slice(&(number as f32).to_be_bytes());
        })?,
    })
}

#[expect(clippy::cast_possible_truncation, reason = "rounding is what is wanted")]
fn narrow(value: f64) -> Result<f32, Bad> {
    let narrow = value as f32;
    if narrow.is_infinite() && value.is_finite() {
        return Err(Bad::new(value, "is out of the range of a float"));
    }
    Ok(narrow)
}

fn parse(text: &str) -> Result<f64, Bad> {
    text.parse().map_err(|_| Bad::new(text, "is no number"))
}

fn other(array: &ArrayRef, exact: i128, write: fn(f64, &mut Vec<u8>)) -> Option<Encode> {
    if let Some(texts) = Texts::of(array) {
        return Some(Box::new(move |row, out| {
            write(parse(texts.value(row))?, out);
            Ok(())
        }));
    }
    let whole = integer::whole(array)?;
    Some(Box::new(move |row, out| {
        let number = whole(row)?;
        if number.abs() > exact {
            return Err(Bad::new(number, "cannot be held exactly"));
        }
        #[expect(clippy::cast_precision_loss, reason = "it was checked to be exact")]
        write(number as f64, out);
        Ok(())
    }))
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Bad> {
    out.extend_from_slice(bytes);
    Ok(())
}

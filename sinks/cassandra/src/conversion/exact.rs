//! `varint` and `decimal`: numbers of any length.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type};

use super::column::Encode;
use super::text::Texts;
use super::{Bad, integer, vint};

/// The longest number that is read from text, in digits.
const DIGITS: usize = 10_000;

/// What `varint` takes.
pub const VARINT_TAKES: &str = "whole numbers, decimals without places, and text with digits";
/// What `decimal` takes.
pub const DECIMAL_TAKES: &str = "decimals, whole numbers, and text such as 12.50 or 1e-3";

/// Writes the shortest two's complement.
pub fn varint(array: &ArrayRef) -> Option<Encode> {
    if let Some(whole) = integer::whole(array) {
        return Some(Box::new(move |row, out| {
            vint::minimal(&whole(row)?.to_be_bytes(), out);
            Ok(())
        }));
    }
    if let DataType::Decimal256(_, 0) = array.data_type() {
        let array = array.as_primitive::<Decimal256Type>().clone();
        return Some(Box::new(move |row, out| {
            vint::minimal(&array.value(row).to_be_bytes(), out);
            Ok(())
        }));
    }
    let texts = Texts::of(array)?;
    Some(Box::new(move |row, out| {
        let text = texts.value(row);
        let (is_negative, digits) = sign(text);
        if !is_digits(digits) {
            return Err(Bad::new(text, "is no whole number"));
        }
        unscaled(is_negative, digits.bytes(), text, out)
    }))
}

/// Writes the number of decimal places (32 bits), then the digits as a `varint`.
pub fn decimal(array: &ArrayRef) -> Option<Encode> {
    macro_rules! of {
        ($type:ty, $scale:expr) => {{
            let (array, scale) = (array.as_primitive::<$type>().clone(), i32::from(*$scale));
            Box::new(move |row, out| {
                out.extend_from_slice(&scale.to_be_bytes());
                vint::minimal(&array.value(row).to_be_bytes(), out);
                Ok(())
            })
        }};
    }
    Some(match array.data_type() {
        DataType::Decimal32(_, scale) => of!(Decimal32Type, scale),
        DataType::Decimal64(_, scale) => of!(Decimal64Type, scale),
        DataType::Decimal128(_, scale) => of!(Decimal128Type, scale),
        DataType::Decimal256(_, scale) => of!(Decimal256Type, scale),
        _ => match (integer::whole(array), Texts::of(array)) {
            (Some(whole), _) => Box::new(move |row, out| {
                out.extend_from_slice(&0_i32.to_be_bytes());
                vint::minimal(&whole(row)?.to_be_bytes(), out);
                Ok(())
            }),
            (None, Some(texts)) => Box::new(move |row, out| from_text(texts.value(row), out)),
            (None, None) => return None,
        },
    })
}

fn from_text(text: &str, out: &mut Vec<u8>) -> Result<(), Bad> {
    let wrong = || Bad::new(text, "is no decimal number");
    let (is_negative, rest) = sign(text);
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| wrong())?),
        None => (rest, 0),
    };
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let has_digits = is_digits(before) || is_digits(after);
    if !has_digits || !before.bytes().chain(after.bytes()).all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let places = i32::try_from(after.len()).map_err(|_| wrong())?;
    let scale = places.checked_sub(exponent).ok_or_else(wrong)?;
    out.extend_from_slice(&scale.to_be_bytes());
    unscaled(is_negative, before.bytes().chain(after.bytes()), text, out)
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Writes digits as the shortest two's complement.
fn unscaled(
    is_negative: bool,
    digits: impl Iterator<Item = u8>,
    text: &str,
    out: &mut Vec<u8>,
) -> Result<(), Bad> {
    // The magnitude in base 2^32, least significant first, and its sign's place at the end.
    let mut words: Vec<u32> = Vec::with_capacity(text.len() / 9 + 2);
    for (count, digit) in digits.enumerate() {
        if count >= DIGITS {
            return Err(Bad::new(text, "has more than 10000 digits"));
        }
        let mut carry = u64::from(digit - b'0');
        for word in &mut words {
            carry += u64::from(*word) * 10;
            *word = low(carry);
            carry >>= 32;
        }
        if carry > 0 {
            words.push(low(carry));
        }
    }
    words.push(0);
    if is_negative {
        let mut carry = 1;
        for word in &mut words {
            let negated = u64::from(!*word) + carry;
            *word = low(negated);
            carry = negated >> 32;
        }
    }
    let bytes: Vec<u8> = words.iter().rev().flat_map(|word| word.to_be_bytes()).collect();
    vint::minimal(&bytes, out);
    Ok(())
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
fn low(value: u64) -> u32 {
    value as u32
}

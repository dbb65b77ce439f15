//! Decimal numbers read without loss.

/// Reads `-12.50` or `1.25e1` as an integer of units of `10^-scale`. Digits that the scale cannot
/// hold are refused unless they are zero: a sum must not change because a column is too narrow.
///
/// # Errors
/// The verb of a sentence: `VALUE is no decimal(..)`, `VALUE does not fit decimal(..)`.
pub(crate) fn parse(text: &str, precision: u8, scale: i8) -> Result<i128, &'static str> {
    const NONE: &str = "is no";
    const UNFIT: &str = "does not fit";
    let (negative, unsigned) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let mut units: i128 = 0;
    let mut digits = 0usize;
    let mut significant = 0usize;
    let mut fraction: Option<i64> = None;
    let mut exponent: i64 = 0;
    let mut zeros: i64 = 0;
    for (at, byte) in unsigned.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                digits += 1;
                fraction = fraction.map(|places| places + 1);
                if *byte == b'0' {
                    zeros += 1;
                    continue;
                }
                // Zeros count only once a digit follows: trailing ones never overflow.
                units = raise(units, zeros + 1).ok_or(UNFIT)? + i128::from(byte - b'0');
                significant += 1;
                zeros = 0;
            }
            b'.' if fraction.is_none() => fraction = Some(0),
            b'e' | b'E' if digits > 0 => {
                let power = std::str::from_utf8(&unsigned[at + 1..]).unwrap_or_default();
                exponent = power.parse::<i32>().map_err(|_| NONE)?.into();
                break;
            }
            _ => return Err(NONE),
        }
    }
    if digits == 0 {
        return Err(NONE);
    }
    if significant == 0 {
        return Ok(0);
    }
    let shift = i64::from(scale) + exponent - fraction.unwrap_or(0) + zeros;
    let scaled = if shift >= 0 { raise(units, shift) } else { lower(units, -shift) };
    let value = scaled.ok_or(UNFIT)?;
    let limit = 10i128.checked_pow(precision.into()).unwrap_or(i128::MAX);
    if value >= limit {
        return Err(UNFIT);
    }
    Ok(if negative { -value } else { value })
}

/// `units * 10^places`, unless it outgrows 38 digits.
fn raise(units: i128, places: i64) -> Option<i128> {
    if units == 0 {
        return Some(0);
    }
    let factor = 10i128.checked_pow(u32::try_from(places).ok()?)?;
    units.checked_mul(factor).filter(|units| *units < 10i128.pow(38))
}

/// `units / 10^places`, if nothing is left over.
fn lower(units: i128, places: i64) -> Option<i128> {
    let divisor = 10i128.checked_pow(u32::try_from(places).ok()?)?;
    (units % divisor == 0).then_some(units / divisor)
}

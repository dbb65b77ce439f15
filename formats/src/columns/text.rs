//! Values read from text: the same for JSON strings and CSV fields.

use std::sync::LazyLock;

use arrow::array::timezone::Tz;
use arrow::compute::kernels::cast_utils::{Parser, string_to_datetime, string_to_time_nanoseconds};
use arrow::datatypes::Date32Type;

/// The zone of a timestamp that names none.
#[expect(clippy::expect_used, reason = "a fixed text that parses, as the tests show")]
static UTC: LazyLock<Tz> = LazyLock::new(|| "+00:00".parse().expect("an offset"));

/// `true`, `false`, `t`, `f`, `1`, `0`, in any case.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    let text = text.trim();
    let is = |words: [&str; 3]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    match () {
        () if is(["true", "t", "1"]) => Some(true),
        () if is(["false", "f", "0"]) => Some(false),
        () => None,
    }
}

/// Days since the epoch of `2026-01-31`.
pub(crate) fn date(text: &str) -> Option<i32> {
    let text = text.trim();
    // Arrow also takes a date with a time, and would cut the time off.
    if text.contains([':', 'T', ' ']) {
        return None;
    }
    Date32Type::parse(text)
}

/// Microseconds since midnight of `13:45:00.123456`.
pub(crate) fn time(text: &str) -> Option<i64> {
    string_to_time_nanoseconds(text.trim()).ok().map(|nanos| nanos / 1000)
}

/// Microseconds since the epoch: of [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339) text, whose
/// `T` may be a space and whose offset may be left out for UTC; or of an integer of milliseconds.
pub(crate) fn timestamp(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse::<i64>().ok()?.checked_mul(1000);
    }
    string_to_datetime(&*UTC, text).ok().map(|instant| instant.timestamp_micros())
}

/// A UUID with or without hyphens, as [lower-case text with hyphens](https://www.rfc-editor.org/rfc/rfc9562#section-4).
pub(crate) fn uuid(text: &str) -> Option<[u8; 36]> {
    const HYPHENS: [usize; 4] = [8, 13, 18, 23];
    let text = text.trim().as_bytes();
    let mut uuid = [b'-'; 36];
    let plain = match text.len() {
        36 => HYPHENS.iter().all(|at| text[*at] == b'-').then_some(false)?,
        32 => true,
        _ => return None,
    };
    let mut from = 0;
    for (at, place) in uuid.iter_mut().enumerate() {
        let hyphen = HYPHENS.contains(&at);
        if !hyphen {
            let digit = *text.get(from)?;
            if !digit.is_ascii_hexdigit() {
                return None;
            }
            *place = digit.to_ascii_lowercase();
        }
        from += usize::from(!(hyphen && plain));
    }
    Some(uuid)
}

/// Bytes in hexadecimal, with or without `0x`.
pub(crate) fn hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let pairs = digits.chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}

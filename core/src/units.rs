//! Values with a unit, as they stand in a configuration: `"500ms"`, `"16MiB"`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A length of time: a number and one of `ms`, `s`, `m`, `h`, `d`, such as `"500ms"` or `"1.5h"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeSpan(pub Duration);

impl TimeSpan {
    /// So many milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// So many seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(Duration::from_secs(secs))
    }
}

/// A number of bytes: a number and one of `B`, `KiB`, `MiB`, `GiB` (powers of 1024) or `kB`,
/// `MB`, `GB` (powers of 1000), such as `"16MiB"`. A bare number in quotes counts bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

impl ByteSize {
    /// So many KiB.
    #[must_use]
    pub const fn kib(kib: u64) -> Self {
        Self(kib << 10)
    }

    /// So many MiB.
    #[must_use]
    pub const fn mib(mib: u64) -> Self {
        Self(mib << 20)
    }
}

const TIME_UNITS: &[(&str, f64)] =
    &[("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3_600.0), ("d", 86_400.0)];

const SIZE_UNITS: &[(&str, f64)] = &[
    ("B", 1.0),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
];

/// Splits `text` into a number and its unit, and scales the one by the other.
fn scaled(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = units.iter().find(|(name, _)| *name == unit.trim())?.1;
    let value = number.parse::<f64>().ok()? * factor;
    value.is_finite().then_some(value)
}

impl FromStr for TimeSpan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        scaled(text, TIME_UNITS)
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .map(Self)
            .ok_or_else(|| {
                format!("`{text}` is no duration: write a number and one of ms, s, m, h, d, such as \"500ms\"")
            })
    }
}

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(bytes) = text.trim().parse() {
            return Ok(Self(bytes));
        }
        scaled(text, SIZE_UNITS)
            .filter(|bytes| *bytes < 1e18)
            .map(|bytes| {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
                let bytes = bytes as u64;
                Self(bytes)
            })
            .ok_or_else(|| {
                format!("`{text}` is no size: write a number and one of B, KiB, MiB, GiB, kB, MB, GB, such as \"16MiB\"")
            })
    }
}

impl fmt::Display for TimeSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        for (unit, factor) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)] {
            if millis >= factor && millis.is_multiple_of(factor) {
                return write!(f, "{}{unit}", millis / factor);
            }
        }
        write!(f, "{millis}ms")
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)] {
            if self.0 >= 1 << shift && self.0.is_multiple_of(1 << shift) {
                return write!(f, "{}{unit}", self.0 >> shift);
            }
        }
        write!(f, "{}B", self.0)
    }
}

macro_rules! text_in_configuration {
    ($type:ty, $name:literal, $format:literal, $pattern:literal, $description:literal) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string",
                    "format": $format,
                    "pattern": $pattern,
                    "description": $description,
                })
            }
        }
    };
}

text_in_configuration!(
    TimeSpan,
    "TimeSpan",
    "duration-with-unit",
    r"^\s*[0-9]+(\.[0-9]+)?\s*(ms|s|m|h|d)\s*$",
    "a length of time, such as \"500ms\", \"10s\", \"5m\""
);
text_in_configuration!(
    ByteSize,
    "ByteSize",
    "size-with-unit",
    r"^\s*[0-9]+(\.[0-9]+)?\s*(B|KiB|MiB|GiB|kB|MB|GB)?\s*$",
    "a number of bytes, such as \"64KiB\", \"16MiB\""
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_with_units() {
        for (text, millis) in
            [("500ms", 500), ("10s", 10_000), ("1.5h", 5_400_000), (" 2 m ", 120_000)]
        {
            assert_eq!(text.parse(), Ok(TimeSpan::from_millis(millis)), "{text}");
        }
        for text in ["", "10", "s", "-1s", "1 week", "1e9s", "99999999999999999999999999d"] {
            assert!(text.parse::<TimeSpan>().is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_with_units() {
        for (text, bytes) in
            [("16MiB", 16 << 20), ("100", 100), ("1.5kB", 1500), ("1GB", 1_000_000_000)]
        {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
        for text in ["", "MiB", "-1B", "1 mib", "999999999999GiB"] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_written_can_be_read() {
        for span in [0, 1, 999, 1_000, 60_000, 90_000, 86_400_000].map(TimeSpan::from_millis) {
            assert_eq!(span.to_string().parse(), Ok(span));
        }
        for size in [0, 1, 1023, 1024, 1 << 30, (1 << 30) + 1].map(ByteSize) {
            assert_eq!(size.to_string().parse(), Ok(size));
        }
    }
}

//! Points in time, as RFC 3339 tells them.

use std::io::Write;
use std::ops::RangeInclusive;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DataType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use arrow::temporal_conversions::{
    timestamp_ms_to_datetime, timestamp_ns_to_datetime, timestamp_s_to_datetime,
    timestamp_us_to_datetime,
};

/// The seconds since the Unix epoch that [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339) can
/// tell: the years 0000 to 9999.
pub(super) const RFC3339_SECONDS: RangeInclusive<i64> = -62_167_219_200..=253_402_300_799;

/// How many of a unit make a second.
pub(super) fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

/// A column of points in time.
pub(super) struct Instants<'a> {
    values: &'a [i64],
    unit: TimeUnit,
    zoned: bool,
}

impl<'a> Instants<'a> {
    /// The column as such; `None` if it is something else.
    pub(super) fn of(array: &'a dyn Array) -> Option<Self> {
        let DataType::Timestamp(unit, zone) = array.data_type() else { return None };
        let values = match unit {
            TimeUnit::Second => array.as_primitive::<TimestampSecondType>().values(),
            TimeUnit::Millisecond => array.as_primitive::<TimestampMillisecondType>().values(),
            TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().values(),
            TimeUnit::Nanosecond => array.as_primitive::<TimestampNanosecondType>().values(),
        };
        Some(Self { values, unit: *unit, zoned: zone.is_some() })
    }

    /// The number in the column.
    pub(super) fn number(&self, row: usize) -> i64 {
        self.values[row]
    }

    /// Appends the time: in UTC with `Z` if the column has a time zone, whichever, else without.
    /// False, and nothing of use appended, if RFC 3339 cannot tell it.
    pub(super) fn write(&self, row: usize, out: &mut Vec<u8>) -> bool {
        let value = self.values[row];
        if !RFC3339_SECONDS.contains(&value.div_euclid(per_second(self.unit))) {
            return false;
        }
        let time = match self.unit {
            TimeUnit::Second => timestamp_s_to_datetime(value),
            TimeUnit::Millisecond => timestamp_ms_to_datetime(value),
            TimeUnit::Microsecond => timestamp_us_to_datetime(value),
            TimeUnit::Nanosecond => timestamp_ns_to_datetime(value),
        };
        let Some(time) = time else { return false };
        // chrono documents its debug format of a date with time: ISO 8601 with a `T`.
        let written = if self.zoned { write!(out, "{time:?}Z") } else { write!(out, "{time:?}") };
        written.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{TimestampMillisecondArray, TimestampSecondArray};

    fn text(array: &dyn Array, row: usize) -> Option<String> {
        let mut out = Vec::new();
        let told = Instants::of(array).unwrap().write(row, &mut out);
        told.then(|| String::from_utf8(out).unwrap())
    }

    #[test]
    fn times_as_rfc_3339() {
        let zoned = TimestampMillisecondArray::from(vec![0, 1_700_000_000_123, -1])
            .with_timezone("Europe/Berlin");
        assert_eq!(text(&zoned, 0).as_deref(), Some("1970-01-01T00:00:00Z"));
        assert_eq!(text(&zoned, 1).as_deref(), Some("2023-11-14T22:13:20.123Z"));
        assert_eq!(text(&zoned, 2).as_deref(), Some("1969-12-31T23:59:59.999Z"));
        let local = TimestampSecondArray::from(vec![86_399]);
        assert_eq!(text(&local, 0).as_deref(), Some("1970-01-01T23:59:59"));
    }

    #[test]
    fn the_years_0000_to_9999() {
        let edge = TimestampSecondArray::from(vec![
            *RFC3339_SECONDS.start(),
            *RFC3339_SECONDS.end(),
            RFC3339_SECONDS.start() - 1,
            RFC3339_SECONDS.end() + 1,
            i64::MAX,
            i64::MIN,
        ]);
        assert_eq!(text(&edge, 0).as_deref(), Some("0000-01-01T00:00:00"));
        assert_eq!(text(&edge, 1).as_deref(), Some("9999-12-31T23:59:59"));
        for row in 2..6 {
            assert_eq!(text(&edge, row), None, "{row}");
        }
    }
}

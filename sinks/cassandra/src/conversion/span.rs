//! `duration`: months, days and nanoseconds, each a signed vint, all of one sign.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType,
    DurationSecondType, IntervalDayTimeType, IntervalMonthDayNanoType, IntervalUnit,
    IntervalYearMonthType, TimeUnit,
};

use super::column::Encode;
use super::text::Texts;
use super::{Bad, vint};

/// What `duration` takes.
pub const TAKES: &str = "intervals, durations, and text such as 12h30m or P1DT2H";

/// Writes the three parts.
pub fn duration(array: &ArrayRef) -> Option<Encode> {
    macro_rules! of {
        ($type:ty, $nanos:literal) => {{
            let array = array.as_primitive::<$type>().clone();
            Box::new(move |row, out| {
                let ticks = array.value(row);
                let nanos = ticks.checked_mul($nanos).ok_or_else(|| {
                    Bad::new(ticks, "is out of range: it would be more than 292 years")
                })?;
                parts(0, 0, nanos, out)
            })
        }};
    }
    Some(match array.data_type() {
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            let array = array.as_primitive::<IntervalMonthDayNanoType>().clone();
            Box::new(move |row, out| {
                let value = array.value(row);
                parts(value.months, value.days, value.nanoseconds, out)
            })
        }
        DataType::Interval(IntervalUnit::DayTime) => {
            let array = array.as_primitive::<IntervalDayTimeType>().clone();
            Box::new(move |row, out| {
                let value = array.value(row);
                parts(0, value.days, i64::from(value.milliseconds) * 1_000_000, out)
            })
        }
        DataType::Interval(IntervalUnit::YearMonth) => {
            let array = array.as_primitive::<IntervalYearMonthType>().clone();
            Box::new(move |row, out| parts(array.value(row), 0, 0, out))
        }
        DataType::Duration(TimeUnit::Second) => of!(DurationSecondType, 1_000_000_000),
        DataType::Duration(TimeUnit::Millisecond) => of!(DurationMillisecondType, 1_000_000),
        DataType::Duration(TimeUnit::Microsecond) => of!(DurationMicrosecondType, 1_000),
        DataType::Duration(TimeUnit::Nanosecond) => of!(DurationNanosecondType, 1),
        _ => {
            let texts = Texts::of(array)?;
            Box::new(move |row, out| from_text(texts.value(row), out))
        }
    })
}

fn from_text(text: &str, out: &mut Vec<u8>) -> Result<(), Bad> {
    let span: jiff::Span =
        text.parse().map_err(|_| Bad::new(text, "is no duration such as 12h30m or P1DT2H"))?;
    let far = || Bad::new(text, "is out of range");
    let months = i32::from(span.get_years()) * 12 + span.get_months();
    let days = span.get_weeks().checked_mul(7).and_then(|it| it.checked_add(span.get_days()));
    let nanos = i128::from(span.get_hours()) * 3_600_000_000_000
        + i128::from(span.get_minutes()) * 60_000_000_000
        + i128::from(span.get_seconds()) * 1_000_000_000
        + i128::from(span.get_milliseconds()) * 1_000_000
        + i128::from(span.get_microseconds()) * 1_000
        + i128::from(span.get_nanoseconds());
    parts(months, days.ok_or_else(far)?, i64::try_from(nanos).map_err(|_| far())?, out)
}

fn parts(months: i32, days: i32, nanos: i64, out: &mut Vec<u8>) -> Result<(), Bad> {
    let is_negative = months < 0 || days < 0 || nanos < 0;
    if is_negative && (months > 0 || days > 0 || nanos > 0) {
        let text = format!("{months} months {days} days {nanos} ns");
        return Err(Bad::new(text, "mixes signs, which a duration cannot"));
    }
    vint::signed(i64::from(months), out);
    vint::signed(i64::from(days), out);
    vint::signed(nanos, out);
    Ok(())
}

//! `timestamp`, `date` and `time`.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Time32MillisecondType, Time32SecondType,
    Time64MicrosecondType, Time64NanosecondType, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use jiff::civil;

use super::column::Encode;
use super::text::Texts;
use super::{Bad, integer};

const DAY_MS: i64 = 86_400_000;
const DAY_NS: i64 = 86_400_000_000_000;

/// What `timestamp` takes.
pub const TIMESTAMP_TAKES: &str = "timestamps, dates, whole numbers (milliseconds since 1970), and text such as 2024-05-31T10:00:00Z";
/// What `date` takes.
pub const DATE_TAKES: &str = "dates, timestamps (their day in UTC), and text such as 2024-05-31";
/// What `time` takes.
pub const TIME_TAKES: &str = "times of day, and text such as 10:30:00.5";

/// Reads a row as a number of some unit.
pub type Ticks = Box<dyn Fn(usize) -> i64 + Send + Sync>;

/// A column of Arrow timestamps, and how many of its units make a second.
pub fn timestamps(array: &ArrayRef) -> Option<(Ticks, i64)> {
    macro_rules! of {
        ($type:ty, $per_second:literal) => {{
            let array = array.as_primitive::<$type>().clone();
            (Box::new(move |row| array.value(row)), $per_second)
        }};
    }
    Some(match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => of!(TimestampSecondType, 1),
        DataType::Timestamp(TimeUnit::Millisecond, _) => of!(TimestampMillisecondType, 1_000),
        DataType::Timestamp(TimeUnit::Microsecond, _) => of!(TimestampMicrosecondType, 1_000_000),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            of!(TimestampNanosecondType, 1_000_000_000)
        }
        _ => return None,
    })
}

/// Milliseconds since 1970, rounded down.
fn millis(array: &ArrayRef) -> Option<Box<dyn Fn(usize) -> Result<i64, Bad> + Send + Sync>> {
    if let Some((ticks, per_second)) = timestamps(array) {
        return Some(Box::new(move |row| {
            let ticks = ticks(row);
            if per_second >= 1_000 {
                return Ok(ticks.div_euclid(per_second / 1_000));
            }
            ticks.checked_mul(1_000).ok_or_else(|| Bad::new(ticks, "is out of range"))
        }));
    }
    match array.data_type() {
        DataType::Date32 => {
            let array = array.as_primitive::<Date32Type>().clone();
            Some(Box::new(move |row| Ok(i64::from(array.value(row)) * DAY_MS)))
        }
        DataType::Date64 => {
            let array = array.as_primitive::<Date64Type>().clone();
            Some(Box::new(move |row| Ok(array.value(row))))
        }
        _ => None,
    }
}

/// Writes milliseconds since 1970, 8 bytes.
pub fn timestamp(array: &ArrayRef) -> Option<Encode> {
    if let Some(millis) = millis(array) {
        return Some(Box::new(move |row, out| put(out, &millis(row)?.to_be_bytes())));
    }
    if let Some(whole) = integer::whole(array) {
        return Some(Box::new(move |row, out| {
            let number = whole(row)?;
            let millis = i64::try_from(number).map_err(|_| Bad::new(number, "is out of range"))?;
            put(out, &millis.to_be_bytes())
        }));
    }
    let texts = Texts::of(array)?;
    Some(Box::new(move |row, out| {
        let text = texts.value(row);
        let instant = match text.parse::<jiff::Timestamp>() {
            Ok(instant) => instant,
            // Without an offset it is UTC.
            Err(_) => text
                .parse::<civil::DateTime>()
                .and_then(|civil| civil.to_zoned(jiff::tz::TimeZone::UTC))
                .map(|zoned| zoned.timestamp())
                .map_err(|_| Bad::new(text, "is no time such as 2024-05-31T10:00:00Z"))?,
        };
        let nanos = instant.as_nanosecond().div_euclid(1_000_000);
        let millis = i64::try_from(nanos).map_err(|_| Bad::new(text, "is out of range"))?;
        put(out, &millis.to_be_bytes())
    }))
}

/// Writes days, 4 bytes, where 1970-01-01 is 2^31.
pub fn date(array: &ArrayRef) -> Option<Encode> {
    if *array.data_type() == DataType::Date32 {
        let array = array.as_primitive::<Date32Type>().clone();
        return Some(Box::new(move |row, out| put(out, &day(array.value(row)))));
    }
    if let Some(millis) = millis(array) {
        return Some(Box::new(move |row, out| {
            let days = millis(row)?.div_euclid(DAY_MS);
            let days = i32::try_from(days).map_err(|_| Bad::new(days, "days are out of range"))?;
            put(out, &day(days))
        }));
    }
    let texts = Texts::of(array)?;
    Some(Box::new(move |row, out| {
        let text = texts.value(row);
        let wrong = || Bad::new(text, "is no date such as 2024-05-31");
        let date: civil::Date = text.parse().map_err(|_| wrong())?;
        let since = date.since(civil::date(1970, 1, 1)).map_err(|_| wrong())?;
        put(out, &day(since.get_days()))
    }))
}

fn day(days: i32) -> [u8; 4] {
    (days.cast_unsigned() ^ (1 << 31)).to_be_bytes()
}

/// Writes nanoseconds since midnight, 8 bytes.
pub fn time(array: &ArrayRef) -> Option<Encode> {
    macro_rules! of {
        ($type:ty, $nanos:literal) => {{
            let array = array.as_primitive::<$type>().clone();
            Box::new(move |row, out| nanos(i64::from(array.value(row)).checked_mul($nanos), out))
        }};
    }
    Some(match array.data_type() {
        DataType::Time32(TimeUnit::Second) => of!(Time32SecondType, 1_000_000_000),
        DataType::Time32(TimeUnit::Millisecond) => of!(Time32MillisecondType, 1_000_000),
        DataType::Time64(TimeUnit::Microsecond) => of!(Time64MicrosecondType, 1_000),
        DataType::Time64(TimeUnit::Nanosecond) => of!(Time64NanosecondType, 1),
        _ => {
            let texts = Texts::of(array)?;
            Box::new(move |row, out| {
                let text = texts.value(row);
                let time: civil::Time = text
                    .parse()
                    .map_err(|_| Bad::new(text, "is no time of day such as 10:30:00"))?;
                let seconds = i64::from(time.hour()) * 3600
                    + i64::from(time.minute()) * 60
                    + i64::from(time.second());
                nanos(Some(seconds * 1_000_000_000 + i64::from(time.subsec_nanosecond())), out)
            })
        }
    })
}

fn nanos(nanos: Option<i64>, out: &mut Vec<u8>) -> Result<(), Bad> {
    match nanos {
        Some(nanos) if (0..DAY_NS).contains(&nanos) => put(out, &nanos.to_be_bytes()),
        _ => Err(Bad::plain("the time is not within one day")),
    }
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Bad> {
    out.extend_from_slice(bytes);
    Ok(())
}

//! Values that a format cannot hold.

use std::ops::RangeInclusive;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit, UInt64Type};
use forebay_core::dead_letter::Reason;

use super::Format;
use super::instant::{RFC3339_SECONDS, per_second};

const DAY_SECONDS: i64 = 86_400;

/// The rows that have a value which the format cannot hold, in order.
pub(super) fn misfits(format: Format, rows: &RecordBatch) -> Vec<(usize, Reason)> {
    let mut found: Vec<(usize, Reason)> = Vec::new();
    if matches!(format, Format::Text | Format::Parquet) {
        return found;
    }
    for (field, column) in rows.schema().fields().iter().zip(rows.columns()) {
        for row in unfit_rows(format, column) {
            let (name, kind, format) = (field.name(), field.data_type(), format.as_str());
            let text = format!(
                "the value of `{name}` ({kind}) is out of the range that {format} can hold"
            );
            found.push((row, Reason::new("range", text)));
        }
    }
    found.sort_by_key(|(row, _)| *row);
    found.dedup_by_key(|(row, _)| *row);
    found
}

/// The rows of a column whose value, or a value within it, does not fit; in order.
fn unfit_rows(format: Format, array: &ArrayRef) -> Vec<usize> {
    match array.data_type() {
        DataType::UInt64 if format == Format::Avro => unfit_unsigned(array.as_primitive()),
        DataType::Struct(_) => {
            let children = array.as_struct().columns();
            let mut rows: Vec<_> =
                children.iter().flat_map(|child| unfit_rows(format, child)).collect();
            rows.retain(|row| array.is_valid(*row));
            rows.sort_unstable();
            rows.dedup();
            rows
        }
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let ends = list.offsets().iter().map(|end| *end as usize).collect();
            within(ends, &unfit_rows(format, list.values()), array)
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            let ends = list.offsets().iter().filter_map(|end| usize::try_from(*end).ok()).collect();
            within(ends, &unfit_rows(format, list.values()), array)
        }
        DataType::Map(..) => {
            let map = array.as_map();
            let ends = map.offsets().iter().map(|end| *end as usize).collect();
            let entries: ArrayRef = std::sync::Arc::new(map.entries().clone());
            within(ends, &unfit_rows(format, &entries), array)
        }
        kind => match limits(format, kind) {
            Some(limits) => out_of(&limits, array),
            None => Vec::new(),
        },
    }
}

/// The range of the numbers behind values of a type; `None` if all of them fit.
fn limits(format: Format, kind: &DataType) -> Option<RangeInclusive<i64>> {
    // A length of time is told in milliseconds, which have to fit 64 bits.
    const MILLIS: RangeInclusive<i64> = -(i64::MAX / 1_000)..=i64::MAX / 1_000;
    let (first, last) = RFC3339_SECONDS.into_inner();
    let years =
        |per: i64| first.saturating_mul(per)..=last.saturating_mul(per).saturating_add(per - 1);
    match (format, kind) {
        (Format::Avro, DataType::Timestamp(TimeUnit::Second, _)) => Some(MILLIS),
        (Format::Avro, DataType::Time32(TimeUnit::Second)) => Some(0..=DAY_SECONDS),
        (Format::Avro, _) => None,
        (_, DataType::Timestamp(unit, _)) => Some(years(per_second(*unit))),
        (_, DataType::Date64) => Some(years(1_000)),
        (_, DataType::Date32) => Some(first / DAY_SECONDS..=last / DAY_SECONDS),
        (_, DataType::Time32(unit) | DataType::Time64(unit)) => {
            Some(0..=DAY_SECONDS * per_second(*unit) - 1)
        }
        (_, DataType::Duration(TimeUnit::Second)) => Some(MILLIS),
        (_, DataType::Duration(TimeUnit::Millisecond)) => Some(-i64::MAX..=i64::MAX),
        _ => None,
    }
}

fn out_of(limits: &RangeInclusive<i64>, array: &ArrayRef) -> Vec<usize> {
    // A reinterpretation that copies nothing for types of 64 bits.
    let Ok(numbers) = cast(array, &DataType::Int64) else { return Vec::new() };
    let numbers = numbers.as_primitive::<Int64Type>();
    if numbers.values().iter().all(|number| limits.contains(number)) {
        return Vec::new();
    }
    let unfit = |row: &usize| numbers.is_valid(*row) && !limits.contains(&numbers.value(*row));
    (0..numbers.len()).filter(unfit).collect()
}

fn unfit_unsigned(numbers: &arrow::array::PrimitiveArray<UInt64Type>) -> Vec<usize> {
    let numbers: &UInt64Array = numbers;
    let unfit = |row: &usize| numbers.is_valid(*row) && i64::try_from(numbers.value(*row)).is_err();
    (0..numbers.len()).filter(unfit).collect()
}

/// The rows of lists that begin and end at the given elements and have an unfit one.
fn within(ends: Vec<usize>, unfit: &[usize], lists: &ArrayRef) -> Vec<usize> {
    if unfit.is_empty() {
        return Vec::new();
    }
    let has_unfit = |row: &usize| {
        let first = unfit.partition_point(|element| *element < ends[*row]);
        lists.is_valid(*row) && unfit.get(first).is_some_and(|element| *element < ends[*row + 1])
    };
    (0..lists.len()).filter(has_unfit).collect()
}

//! Columns whose values are partitions or times.

use arrow::array::{Array, AsArray, Int64Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit};
use forebay_core::dead_letter::Reason;

use forebay_formats::encode::{Template, column};

/// Which partition each row goes to.
pub(crate) enum Partitions {
    /// The partitioner decides.
    Open,
    Fixed(i32),
    Column(Int64Array),
}

impl Partitions {
    /// # Errors
    /// If the template names no number.
    pub(crate) fn bind(template: Option<&Template>, rows: &RecordBatch) -> Result<Self, String> {
        let Some(template) = template else { return Ok(Self::Open) };
        if let Some(text) = template.fixed() {
            let number = text.parse().ok().filter(|number| *number >= 0);
            return number.map(Self::Fixed).ok_or_else(|| no_partition(text));
        }
        let name = template.column().unwrap_or_default();
        let array = column(rows, name)?;
        if !array.data_type().is_integer() {
            let kind = array.data_type();
            return Err(format!("the column `{name}` is {kind}: a partition is a whole number"));
        }
        Ok(Self::Column(integers(array)?))
    }

    /// The partition of a row; `None` leaves it to the partitioner.
    ///
    /// # Errors
    /// If the number is no partition.
    pub(crate) fn get(&self, row: usize) -> Result<Option<i32>, Reason> {
        match self {
            Self::Open => Ok(None),
            Self::Fixed(number) => Ok(Some(*number)),
            Self::Column(numbers) if numbers.is_null(row) => Ok(None),
            Self::Column(numbers) => {
                let number = numbers.value(row);
                i32::try_from(number)
                    .ok()
                    .filter(|number| *number >= 0)
                    .map(Some)
                    .ok_or_else(|| Reason::new("partition", no_partition(&number.to_string())))
            }
        }
    }
}

fn no_partition(text: &str) -> String {
    format!("`{text}` is no partition: they are numbered from 0")
}

/// The time of each row.
pub(crate) struct Times(Option<(Int64Array, Unit)>);

/// What makes milliseconds of a number.
#[derive(Clone, Copy)]
enum Unit {
    Times(i64),
    Over(i64),
}

impl Times {
    /// # Errors
    /// If the template names no column of times.
    pub(crate) fn bind(template: Option<&Template>, rows: &RecordBatch) -> Result<Self, String> {
        let Some(name) = template.and_then(Template::column) else { return Ok(Self(None)) };
        let array = column(rows, name)?;
        let unit = match array.data_type() {
            DataType::Timestamp(TimeUnit::Second, _) => Unit::Times(1_000),
            DataType::Timestamp(TimeUnit::Millisecond, _) | DataType::Int64 => Unit::Times(1),
            DataType::Timestamp(TimeUnit::Microsecond, _) => Unit::Over(1_000),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => Unit::Over(1_000_000),
            kind => {
                return Err(format!(
                    "the column `{name}` is {kind}: the time of a record is a timestamp, or a \
                     bigint of milliseconds since 1970"
                ));
            }
        };
        Ok(Self(Some((integers(array)?, unit))))
    }

    /// Milliseconds since 1970; `None` for now.
    ///
    /// # Errors
    /// For times before 1970, which Kafka cannot tell.
    pub(crate) fn get(&self, row: usize) -> Result<Option<i64>, Reason> {
        let Some((numbers, unit)) = &self.0 else { return Ok(None) };
        if numbers.is_null(row) {
            return Ok(None);
        }
        let number = numbers.value(row);
        let millis = match unit {
            Unit::Times(factor) => number.checked_mul(*factor),
            Unit::Over(divisor) => Some(number.div_euclid(*divisor)),
        };
        millis.filter(|millis| *millis >= 0).map(Some).ok_or_else(|| {
            Reason::new("timestamp", format!("Kafka cannot tell the time {number} (before 1970?)"))
        })
    }
}

fn integers(array: &dyn Array) -> Result<Int64Array, String> {
    let numbers = cast(array, &DataType::Int64).map_err(|error| error.to_string())?;
    Ok(numbers.as_primitive::<Int64Type>().clone())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int32Array, StringArray, TimestampMicrosecondArray, UInt64Array};

    use super::*;

    fn rows() -> RecordBatch {
        let columns: [(&str, ArrayRef); 4] = [
            ("shard", Arc::new(Int32Array::from(vec![Some(3), None, Some(-1)]))),
            ("big", Arc::new(UInt64Array::from(vec![5, 1 << 40, 0]))),
            ("name", Arc::new(StringArray::from(vec!["a", "b", "c"]))),
            ("ts", Arc::new(TimestampMicrosecondArray::from(vec![Some(1_999), None, Some(-1)]))),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, it)| (name, it, true)))
            .unwrap()
    }

    fn template(text: &str) -> Option<Template> {
        Some(Template::parse(text).unwrap())
    }

    #[test]
    fn partitions_are_whole_numbers_from_zero() {
        let get =
            |text: &str, row| Partitions::bind(template(text).as_ref(), &rows()).unwrap().get(row);
        assert_eq!(get("7", 0), Ok(Some(7)));
        assert_eq!(get("{shard}", 0), Ok(Some(3)));
        assert_eq!(get("{shard}", 1), Ok(None));
        assert_eq!(get("{shard}", 2).unwrap_err().class, "partition");
        assert_eq!(get("{big}", 1).unwrap_err().class, "partition");
        assert!(Partitions::bind(template("{name}").as_ref(), &rows()).is_err());
        assert!(Partitions::bind(template("-1").as_ref(), &rows()).is_err());
        assert_eq!(Partitions::bind(None, &rows()).unwrap().get(0), Ok(None));
    }

    #[test]
    fn times_are_told_in_milliseconds() {
        let times = Times::bind(template("{ts}").as_ref(), &rows()).unwrap();
        assert_eq!(times.get(0), Ok(Some(1)));
        assert_eq!(times.get(1), Ok(None));
        assert_eq!(times.get(2).unwrap_err().class, "timestamp");
        assert!(Times::bind(template("{name}").as_ref(), &rows()).is_err());
        assert_eq!(Times::bind(None, &rows()).unwrap().get(0), Ok(None));
    }
}

//! The write time of each row.
//!
//! Cassandra keeps, of two writes to a cell, the one with the later write time. If a row always
//! comes with the same one, writing it again changes nothing, and the order in which writes
//! arrive does not matter (DESIGN.md, section 5).

use crate::conversion::{Bad, instant, integer};
use crate::settings::TimeUnit;

/// Tells the write time of the rows of one chunk, in microseconds since 1970.
pub enum Clock {
    /// None is sent.
    None,
    /// From the batch: when it was planned, and how many rows of the batch stand before the
    /// chunk.
    Batch {
        /// The write time of the batch's first row.
        first: i64,
    },
    /// From a field.
    Field {
        /// Reads the time.
        time: Time,
        /// Reads the position.
        position: Option<integer::Whole>,
    },
}

/// Reads a time from a field.
pub enum Time {
    /// A timestamp, and how many of its units make a second.
    Timestamp(instant::Ticks, i64),
    /// A whole number.
    Whole(integer::Whole, TimeUnit),
}

/// The write time of a batch's first row, from when it was planned.
#[must_use]
pub fn of_plan(time_ms: u64) -> i64 {
    i64::try_from(time_ms).unwrap_or(i64::MAX).saturating_mul(1_000)
}

impl Clock {
    /// The write time of a row.
    ///
    /// # Errors
    /// The field's value is out of range.
    pub fn micros(&self, row: usize) -> Result<Option<i64>, Bad> {
        match self {
            Self::None => Ok(None),
            Self::Batch { first } => {
                let row = i64::try_from(row).unwrap_or(i64::MAX);
                Ok(Some(first.saturating_add(row)))
            }
            Self::Field { time, position } => {
                let (ticks, per_second) = match time {
                    Time::Timestamp(ticks, per_second) => (ticks(row), *per_second),
                    Time::Whole(whole, unit) => {
                        let number = whole(row)?;
                        let ticks = i64::try_from(number)
                            .map_err(|_| Bad::new(number, "is out of the range of write times"))?;
                        (ticks, unit.per_second())
                    }
                };
                let position = position.as_ref().map(|position| position(row)).transpose()?;
                at(ticks, per_second, position)
                    .map(Some)
                    .ok_or_else(|| Bad::new(ticks, "is out of the range of write times"))
            }
        }
    }
}

/// Microseconds of a time in units of which so many make a second; the last three digits from a
/// position, if there is one.
fn at(ticks: i64, per_second: i64, position: Option<i128>) -> Option<i64> {
    let micros = if per_second > 1_000_000 {
        ticks.div_euclid(per_second / 1_000_000)
    } else {
        ticks.checked_mul(1_000_000 / per_second)?
    };
    // The smallest number is reserved.
    let micros = Some(micros).filter(|micros| *micros != i64::MIN)?;
    let Some(position) = position else { return Some(micros) };
    let digits = i64::try_from(position.rem_euclid(1_000)).ok()?;
    micros.div_euclid(1_000).checked_mul(1_000)?.checked_add(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_of_all_units_become_microseconds() {
        assert_eq!(at(2, 1, None), Some(2_000_000));
        assert_eq!(at(-1, 1_000, None), Some(-1_000));
        assert_eq!(at(1_999, 1_000_000_000, None), Some(1));
        assert_eq!(at(-1, 1_000_000_000, None), Some(-1));
        assert_eq!(at(i64::MAX, 1, None), None);
        assert_eq!(at(i64::MIN, 1_000_000, None), None);
        assert_eq!(at(7, 1_000, Some(123_456)), Some(7_456));
        assert_eq!(at(7_999, 1_000_000, Some(1)), Some(7_001));
    }

    proptest! {
        #[test]
        fn rows_of_a_batch_rise_by_position(time_ms in 0_u64..10_000_000_000_000, row in 0_usize..1 << 30) {
            let clock = Clock::Batch { first: of_plan(time_ms) };
            let (this, next) = (clock.micros(row).unwrap(), clock.micros(row + 1).unwrap());
            prop_assert!(this < next);
            prop_assert_eq!(this, clock.micros(row).unwrap());
        }

        #[test]
        fn records_of_one_millisecond_keep_their_order(time in -1_000_000_i64..1_000_000_000, offset in 0_i128..1 << 60) {
            prop_assume!(offset % 1_000 != 999);
            prop_assert!(at(time, 1_000, Some(offset)) < at(time, 1_000, Some(offset + 1)));
            prop_assert!(at(time, 1_000, Some(offset)) < at(time + 1, 1_000, Some(offset)));
        }
    }
}

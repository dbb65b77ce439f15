//! When each record of the whole stream is due.

/// When records become due: a ramp of whole seconds, then a steady rate.
///
/// The ramp is that of Spark's rate source
/// ([`RateStreamProvider.valueAtSecond`](https://github.com/apache/spark/blob/master/sql/core/src/main/scala/org/apache/spark/sql/execution/streaming/sources/RateStreamProvider.scala)):
/// each second the speed grows by `step = rate / (ramp + 1)`, so that `step * s * (s + 1) / 2`
/// records are due after `s` seconds. Within a second they come evenly.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    /// Records per second after the ramp, at least 1.
    rate: u64,
    /// Whole seconds.
    ramp: u64,
    /// What the speed grows by each second.
    step: u64,
}

const SECOND: u64 = 1_000_000;

impl Schedule {
    pub(crate) fn new(rate: u64, ramp_seconds: u64) -> Self {
        let rate = rate.max(1);
        Self { rate, ramp: ramp_seconds, step: rate / (ramp_seconds.saturating_add(1)) }
    }

    /// How many records are due after so many microseconds.
    pub(crate) fn due(&self, micros: u64) -> u64 {
        let second = micros / SECOND;
        if second >= self.ramp {
            let steady = u128::from(micros - self.ramp * SECOND) * u128::from(self.rate);
            let steady = u64::try_from(steady / u128::from(SECOND)).unwrap_or(u64::MAX);
            return self.in_ramp(self.ramp).saturating_add(steady);
        }
        let speed = self.step * (second + 1);
        self.in_ramp(second) + micros % SECOND * speed / SECOND
    }

    /// The first microsecond at which record `place`, counted from 0, is due.
    pub(crate) fn time(&self, place: u64) -> u64 {
        let in_ramp = self.in_ramp(self.ramp);
        if place >= in_ramp {
            let after = evenly(place - in_ramp, self.rate);
            return (self.ramp * SECOND).saturating_add(after);
        }
        // The last second whose beginning has at most `place` records due: the root of
        // `step * s * (s + 1) / 2 = place`, rounded down.
        let triangle = 2 * (place / self.step);
        let mut second = triangle.isqrt();
        if second * (second + 1) > triangle {
            second -= 1;
        }
        second * SECOND + evenly(place - self.in_ramp(second), self.step * (second + 1))
    }

    /// Records that are due after so many whole seconds of the ramp.
    fn in_ramp(&self, second: u64) -> u64 {
        self.step * (second * (second + 1) / 2)
    }
}

/// The first microsecond at which record `number` is due when they come evenly.
fn evenly(number: u64, rate: u64) -> u64 {
    let (seconds, rest) = (number / rate, number % rate);
    seconds.saturating_mul(SECOND).saturating_add(((rest + 1) * SECOND).div_ceil(rate))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{SECOND, Schedule};

    #[test]
    fn the_ramp_is_that_of_sparks_rate_source() {
        let schedule = Schedule::new(100, 9);
        for (second, due) in [(0, 0), (1, 10), (2, 30), (3, 60), (9, 450), (10, 550), (20, 1550)] {
            assert_eq!(schedule.due(second * SECOND), due, "after {second} s");
        }
    }

    #[test]
    fn without_a_ramp_the_rate_is_steady() {
        let schedule = Schedule::new(1000, 0);
        assert_eq!(schedule.due(0), 0);
        assert_eq!(schedule.due(999), 0);
        assert_eq!(schedule.due(1000), 1);
        assert_eq!(schedule.due(3600 * SECOND), 3_600_000);
    }

    proptest! {
        #[test]
        fn time_is_the_first_moment_at_which_a_record_is_due(
            rate in 1_u64..5_000_000,
            ramp in 0_u64..1000,
            place in 0_u64..1_000_000_000,
        ) {
            prop_assume!(rate > ramp);
            let schedule = Schedule::new(rate, ramp);
            let time = schedule.time(place);
            prop_assert!(schedule.due(time) > place);
            prop_assert!(schedule.due(time - 1) <= place);
        }

        #[test]
        fn no_place_overflows(rate in 1_u64..1_000_000_000, ramp in 0_u64..86_400, place: u64) {
            prop_assume!(rate > ramp);
            let schedule = Schedule::new(rate, ramp);
            prop_assert!(schedule.time(place) <= schedule.time(place.saturating_add(1)));
        }
    }
}

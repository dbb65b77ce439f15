//! Spark Streaming's rate estimator.

use std::time::Duration;

use super::{Backpressure, Estimator, Observation};
use crate::progress::Term;

/// Spark Streaming's rate estimator, to the last digit in `f64`.
///
/// With `t` the time of completion, `n` records, `p` processing and `s` scheduling delay in
/// milliseconds, and `B` the interval in milliseconds, a batch counts only if `t` advanced and
/// `n > 0` and `p > 0`. Then
///
/// ```text
/// rate = n / p * 1000
/// err  = last_rate - rate
/// hist = s * rate / B
/// derr = (err - last_err) / ((t - last_t) / 1000)
/// new  = max(last_rate - Kp * err - Ki * hist - Kd * derr, minimum)
/// ```
///
/// The first batch that counts only sets `last_rate = rate` and `last_err = 0`. Source:
/// [`PIDRateEstimator.scala`](https://github.com/apache/spark/blob/v3.5.1/streaming/src/main/scala/org/apache/spark/streaming/scheduler/rate/PIDRateEstimator.scala).
///
/// Two things differ after the formula, not in it. [`Backpressure::maximum`] bounds the rate that
/// is returned, not the one that is remembered, as Spark's `receiver.maxRate` does. And Spark
/// cuts the published rate to a whole number; here it keeps its fraction.
#[derive(Clone, Debug)]
pub struct Pid {
    interval_ms: f64,
    proportional: f64,
    integral: f64,
    derivative: f64,
    minimum: f64,
    maximum: f64,
    last: Option<Memory>,
}

/// What the formula remembers of the batch before.
#[derive(Clone, Copy, Debug)]
struct Memory {
    time_ms: f64,
    rate: f64,
    error: f64,
    /// What each term took from the rate, in records per second.
    terms: [f64; 3],
}

impl Pid {
    /// An estimator with these gains. An interval below a millisecond counts as one.
    #[must_use]
    pub fn new(settings: &Backpressure, interval: Duration) -> Self {
        Self {
            interval_ms: (interval.as_secs_f64() * 1000.0).max(1.0),
            proportional: settings.proportional,
            integral: settings.integral,
            derivative: settings.derivative,
            minimum: settings.minimum,
            maximum: settings.maximum.unwrap_or(f64::INFINITY),
            last: None,
        }
    }
}

impl Estimator for Pid {
    fn observe(&mut self, batch: &Observation) -> Option<f64> {
        let advanced = self.last.map_or(batch.time_ms > -1.0, |last| batch.time_ms > last.time_ms);
        if !(advanced && batch.records > 0.0 && batch.processing_ms > 0.0) {
            return None;
        }
        let rate = batch.records / batch.processing_ms * 1000.0;
        let Some(last) = self.last else {
            self.last = Some(Memory { time_ms: batch.time_ms, rate, error: 0.0, terms: [0.0; 3] });
            return None;
        };
        let seconds = (batch.time_ms - last.time_ms) / 1000.0;
        let error = last.rate - rate;
        let queued = batch.scheduling_delay_ms * rate / self.interval_ms;
        let change = (error - last.error) / seconds;
        let terms = [self.proportional * error, self.integral * queued, self.derivative * change];
        let new = (last.rate - terms[0] - terms[1] - terms[2]).max(self.minimum);
        self.last = Some(Memory { time_ms: batch.time_ms, rate: new, error, terms });
        Some(new.min(self.maximum))
    }

    /// What each term took from the rate, in records per second: a negative one raised it.
    fn terms(&self) -> Vec<Term> {
        let terms = self.last.map_or([0.0; 3], |last| last.terms);
        let names = ["proportional", "integral", "derivative"];
        names
            .into_iter()
            .zip(terms)
            .map(|(name, value)| Term { name: name.into(), value })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn batch(time_ms: f64, records: f64, processing_ms: f64, delay_ms: f64) -> Observation {
        Observation {
            time_ms,
            records,
            processing_ms,
            scheduling_delay_ms: delay_ms,
            limited: true,
        }
    }

    fn pid(proportional: f64, integral: f64, derivative: f64) -> Pid {
        let settings = Backpressure { proportional, integral, derivative, ..Default::default() };
        Pid::new(&settings, SECOND)
    }

    #[test]
    fn sequences_worked_out_by_hand() {
        // (t, n, p, s) and the rate that must come out.
        type Step = (f64, f64, f64, f64, Option<f64>);
        let cases: &[(&str, Pid, &[Step])] = &[
            (
                "without delay and with Kp = 1 the rate is the last measured one",
                pid(1.0, 0.2, 0.0),
                &[
                    (1e3, 500.0, 500.0, 0.0, None),
                    (2e3, 800.0, 400.0, 0.0, Some(2000.0)),
                    (3e3, 300.0, 1000.0, 0.0, Some(300.0)),
                ],
            ),
            (
                "delay takes Ki * s * rate / B away, down to the minimum",
                pid(1.0, 0.2, 0.0),
                &[
                    (1e3, 1000.0, 1000.0, 0.0, None),
                    // 1000 - 0.2 * 500 * 1000 / 1000
                    (2e3, 1000.0, 1000.0, 500.0, Some(900.0)),
                    // 1000 - 0.2 * 5000 * 1000 / 1000 = 0
                    (3e3, 1000.0, 1000.0, 5000.0, Some(100.0)),
                    // from 100: err = -900, 100 + 900 - 0
                    (4e3, 1000.0, 1000.0, 0.0, Some(1000.0)),
                ],
            ),
            (
                "Kp = 0.5 goes half the way",
                pid(0.5, 0.0, 0.0),
                &[
                    (1e3, 1000.0, 1000.0, 0.0, None),
                    (2e3, 2000.0, 1000.0, 0.0, Some(1500.0)),
                    (3e3, 2000.0, 1000.0, 0.0, Some(1750.0)),
                ],
            ),
            (
                "Kd sees the change of the error per second",
                pid(1.0, 0.0, 0.25),
                &[
                    (1e3, 1000.0, 1000.0, 0.0, None),
                    // err = -1000, derr = -1000 / 2: 1000 + 1000 + 125
                    (3e3, 2000.0, 1000.0, 0.0, Some(2125.0)),
                    // err = 125, derr = 1125 / 0.5: 2125 - 125 - 562.5
                    (3.5e3, 2000.0, 1000.0, 0.0, Some(1437.5)),
                ],
            ),
        ];
        for (name, pid, steps) in cases {
            let mut pid = pid.clone();
            for (time, records, processing, delay, expected) in *steps {
                let rate = pid.observe(&batch(*time, *records, *processing, *delay));
                assert_eq!(rate, *expected, "{name}, at {time}");
            }
        }
    }

    #[test]
    fn batches_that_say_nothing_leave_no_trace() {
        let skipped = [
            batch(2e3, 0.0, 500.0, 9e9),
            batch(2e3, 500.0, 0.0, 9e9),
            batch(1e3, 500.0, 500.0, 9e9),
            batch(0.5e3, 500.0, 500.0, 9e9),
            batch(f64::NAN, 500.0, 500.0, 9e9),
            batch(2e3, f64::NAN, 500.0, 9e9),
            batch(2e3, 500.0, f64::NAN, 9e9),
        ];
        let mut plain = pid(0.7, 0.3, 0.1);
        let mut disturbed = plain.clone();
        assert_eq!(disturbed.observe(&batch(-1.0, 500.0, 500.0, 0.0)), None);
        for (time, records) in [(1e3, 400.0), (3e3, 700.0), (4e3, 300.0)] {
            let expected = plain.observe(&batch(time, records, 500.0, 100.0));
            assert_eq!(disturbed.observe(&batch(time, records, 500.0, 100.0)), expected);
            for bad in skipped {
                let bad = Observation { time_ms: bad.time_ms.min(time), ..bad };
                assert_eq!(disturbed.observe(&bad), None, "{bad:?} after {time}");
            }
        }
        for bad in &skipped[..2] {
            assert_eq!(disturbed.observe(&Observation { time_ms: 5e3, ..*bad }), None);
        }
        let next = batch(6e3, 300.0, 500.0, 0.0);
        assert_eq!(disturbed.observe(&next), plain.observe(&next));
    }

    #[test]
    fn the_maximum_bounds_what_is_published_and_not_what_is_remembered() {
        let settings = Backpressure {
            proportional: 0.5,
            integral: 0.0,
            maximum: Some(1200.0),
            ..Default::default()
        };
        let mut pid = Pid::new(&settings, SECOND);
        assert_eq!(pid.observe(&batch(1e3, 1000.0, 1000.0, 0.0)), None);
        assert_eq!(pid.observe(&batch(2e3, 2000.0, 1000.0, 0.0)), Some(1200.0));
        // From the remembered 1500, not from 1200: 1500 - 0.5 * 1000.
        assert_eq!(pid.observe(&batch(3e3, 500.0, 1000.0, 0.0)), Some(1000.0));
    }
}

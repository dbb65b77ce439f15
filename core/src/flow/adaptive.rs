//! The estimator that fits what a batch costs.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::cost::CostFit;
use super::{Backpressure, Estimator, Observation};
use crate::progress::Term;

/// The estimator that fits what a batch costs.
///
/// It learns `cost(n) = fixed + each * n` from recent batches and sets the rate so that the next
/// batch takes [`headroom`](Backpressure::headroom) × interval, less a part of the scheduling
/// delay:
///
/// ```text
/// n = (headroom * B - fixed - delay / 8) / each        rate = n / B
/// ```
///
/// - It raises the rate by at most a factor of 2 per batch, and to at most 10 times what a batch
///   really held. It cuts at once.
/// - A batch that the rate did not limit tells its cost, but nothing about how much more could
///   have come: an idle source keeps its rate, so that a burst does not start throttled.
/// - A fixed part that would fill most of an interval is spread over more records: the aim is then
///   the same part of so many whole intervals that it fits (ticks that are missed merge, so a
///   longer batch costs delay and nothing else).
#[derive(Clone, Debug)]
pub struct Adaptive {
    interval_ms: f64,
    headroom: f64,
    minimum: f64,
    maximum: f64,
    cost: CostFit,
    last_ms: f64,
    /// Records per second.
    rate: Option<f64>,
    /// Whether the rate hardly changed.
    steady: bool,
    /// The part of the rate that is used where it limits: splits may yield less than their share.
    used: f64,
    /// The time that the next batch should take, in milliseconds.
    aim_ms: f64,
}

/// The most by which the rate grows from batch to batch.
const RAISE: f64 = 2.0;
/// The most by which it grows where the batch could exceed the interval, were all cost per record.
const RAISE_LONG: f64 = 1.2;
/// A batch that exceeds the interval by so many standard deviations of the noise is cut by
/// itself, before the fit follows.
const OVERRUN: f64 = 2.0;
/// The relative change from batch to batch up to which a rate is steady.
const STEADY: f64 = 0.05;
/// Part of a lower use of the rate that is taken over; a higher one is taken over at once.
const USE_GAIN: f64 = 0.1;
/// The most by which a batch may exceed what a batch before it really held.
const LEAP: f64 = 10.0;
/// Batches in which a scheduling delay is to be drained.
const DRAIN_BATCHES: f64 = 8.0;
/// The part of the records' time that draining takes at most.
const DRAIN_MOST: f64 = 0.5;
/// What makes sense: sums and squares of these neither overflow nor vanish.
const RECORDS: RangeInclusive<f64> = 1.0..=1e15;
const MILLISECONDS: RangeInclusive<f64> = 1e-6..=1e15;

impl Adaptive {
    /// An estimator with this headroom. An interval below a millisecond counts as one.
    #[must_use]
    pub fn new(settings: &Backpressure, interval: Duration) -> Self {
        Self {
            interval_ms: (interval.as_secs_f64() * 1000.0).max(1.0),
            headroom: if settings.headroom > 0.0 { settings.headroom.min(1.0) } else { 1.0 },
            minimum: settings.minimum,
            maximum: settings.maximum.unwrap_or(f64::INFINITY),
            cost: CostFit::new(),
            last_ms: f64::NEG_INFINITY,
            rate: settings.initial,
            steady: false,
            used: 1.0,
            aim_ms: 0.0,
        }
    }

    /// The time that the next batch should take, in milliseconds.
    fn aim(&self, delay_ms: f64) -> f64 {
        let one = self.headroom * self.interval_ms;
        let intervals = (self.cost.fixed() / (self.headroom * one)).ceil().max(1.0);
        if intervals > 1.0 {
            return one * intervals;
        }
        let most = DRAIN_MOST * (one - self.cost.fixed()).max(0.0);
        one - (delay_ms / DRAIN_BATCHES).max(0.0).min(most)
    }

    fn next(&self, batch: &Observation) -> f64 {
        let per_second = 1000.0 / self.interval_ms;
        let aim = self.aim(batch.scheduling_delay_ms);
        let held = batch.records * per_second;
        // A fixed part is not below zero: so much at least would have fitted as well.
        let proven = held * (aim / batch.processing_ms).min(LEAP);
        let Some(rate) = self.rate else { return proven };
        let fits = self.cost.records_in(aim) * per_second / self.used;
        if batch.processing_ms > self.interval_ms.max(aim) * (OVERRUN * self.cost.noise()).exp() {
            fits.min(proven).min(rate)
        } else if batch.limited {
            let raise = (self.interval_ms / batch.processing_ms).clamp(RAISE_LONG, RAISE);
            fits.min(rate * raise).min(rate.max(held * LEAP))
        } else if batch.processing_ms > aim {
            fits.min(rate)
        } else {
            proven.max(rate)
        }
    }

    /// Learns how much of the rate is used. A batch may have been read under an older rate, so
    /// only a steady one tells.
    fn learn_use(&mut self, batch: &Observation) {
        let Some(rate) = self.rate.filter(|_| batch.limited && self.steady) else { return };
        let used = (batch.records * 1000.0 / self.interval_ms / rate).clamp(1.0 / LEAP, 1.0);
        self.used = used.max(self.used + USE_GAIN * (used - self.used));
    }
}

impl Estimator for Adaptive {
    fn observe(&mut self, batch: &Observation) -> Option<f64> {
        let counts = batch.time_ms > self.last_ms
            && RECORDS.contains(&batch.records)
            && MILLISECONDS.contains(&batch.processing_ms)
            && !batch.scheduling_delay_ms.is_nan();
        if !counts {
            return None;
        }
        self.last_ms = batch.time_ms;
        self.cost.learn(batch.records, batch.processing_ms);
        self.learn_use(batch);
        let rate = self.next(batch).max(self.minimum).min(self.maximum);
        self.steady = self.rate.is_some_and(|before| (rate / before - 1.0).abs() < STEADY);
        self.rate = Some(rate);
        self.aim_ms = self.aim(batch.scheduling_delay_ms);
        Some(rate)
    }

    /// What a batch costs whatever it holds, what each record costs, the time that the next batch
    /// should take, and the part of the rate that is used.
    fn terms(&self) -> Vec<Term> {
        let terms = [
            ("fixed_ms", self.cost.fixed()),
            ("each_us", self.cost.each() * 1e3),
            ("aim_ms", self.aim_ms),
            ("used", self.used),
        ];
        terms.into_iter().map(|(name, value)| Term { name: name.into(), value }).collect()
    }
}

#[cfg(test)]
#[path = "adaptive_tests.rs"]
mod tests;

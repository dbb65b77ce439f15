//! A token bucket: a configured limit.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::OnceLock;
use std::time::Duration;

use governor::Quota;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, RateLimiter};

use super::meter::Meter;
use super::scale::Scale;

/// A rate and the burst that it allows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Units (records or bytes) per second, above 0 and at most 2³⁶ (68 GB/s); fractions are fine.
    pub per_second: f64,
    /// Units that may pass at once after a pause, at least 1. Whoever asks once per interval and
    /// wants the whole rate needs `per_second × interval + 1`: whole units leave a fraction
    /// behind, which must find room.
    pub burst: f64,
}

/// A token bucket of `governor`, asked without waiting: how much may pass now?
///
/// It is full when it is made. Whoever takes no more than [`available`](Self::available) passes,
/// in any window of length `t`, at most `per_second × t + burst` units (and one more where a clock
/// tick is rounded). Taking more makes a debt
/// that is kept whole: nothing is available until it is paid, and the bound holds again for what
/// was taken up to then.
///
/// The algorithm is the generic cell rate algorithm (ITU-T I.371) in the form of virtual
/// scheduling. Time that goes back counts as time that stands still. One bucket counts 2⁶²
/// ticks: two years at the highest rate, more than ten at 10 GB/s, and then it must be made anew
/// or be [set](Self::set_rate) again.
pub struct Bucket {
    scale: Scale,
    meter: Meter,
    limiter: RateLimiter<NotKeyed, Meter, Meter, NoOpMiddleware<Nanos>>,
    /// The first time that it was told.
    began: OnceLock<Duration>,
}

impl Bucket {
    /// A full bucket. Values out of the range of [`Rate`] count as the nearest in it.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        Self::at(Scale::new(rate), 0, OnceLock::new())
    }

    fn at(scale: Scale, arrival: u64, began: OnceLock<Duration>) -> Self {
        let meter = Meter::new(arrival);
        let cells = NonZeroU32::new(scale.cells()).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(Duration::from_nanos(scale.cell()))
            .unwrap_or_else(|| Quota::per_second(cells))
            .allow_burst(cells);
        let limiter = RateLimiter::new(quota, meter.clone(), meter.clone());
        Self { scale, meter, limiter, began }
    }

    /// What may pass now, without taking it. `now` is any monotonic time.
    #[must_use]
    pub fn available(&self, now: Duration) -> u64 {
        let level = self.level(self.tell(now));
        self.scale.units_in(u64::try_from(level).unwrap_or(0))
    }

    /// Takes what passed. More than available makes a debt, which is paid before more may pass.
    pub fn take(&self, now: Duration, units: u64) {
        let now = self.tell(now);
        let ticks = self.scale.ticks_of(units);
        let cells = u32::try_from(ticks / self.scale.cell()).ok().and_then(NonZeroU32::new);
        let conforms = cells.is_some_and(|cells| matches!(self.limiter.check_n(cells), Ok(Ok(()))));
        let rest = if conforms { ticks % self.scale.cell() } else { ticks };
        if rest > 0 {
            self.meter.postpone(now, rest, Scale::LATEST);
        }
    }

    /// The time until so many units are available; zero if they are now. More than the burst is
    /// never available at once: then it is the time until the bucket is full.
    #[must_use]
    pub fn wait(&self, now: Duration, units: u64) -> Duration {
        let told = self.tell(now);
        let wanted = signed(self.scale.ticks_of(units).min(self.scale.burst()));
        let missing = u64::try_from(wanted - self.level(told)).unwrap_or(0);
        if missing == 0 {
            return Duration::ZERO;
        }
        let began = self.began.get().copied().unwrap_or(now);
        began.saturating_add(self.scale.time_of(told + missing)).saturating_sub(now)
    }

    /// Sets another rate; what was taken under the old one still counts. What is available stays
    /// as it is, down to the new burst, and a debt stays: a change of the rate lets nothing pass
    /// by itself.
    pub fn set_rate(&mut self, now: Duration, rate: Rate) {
        let level = self.level(self.tell(now));
        let scale = Scale::new(rate);
        let level = self.scale.convert(level, &scale).min(signed(scale.burst()));
        let arrival = u64::try_from(signed(scale.burst()) - level).unwrap_or(0);
        *self = Self::at(scale, arrival.min(Scale::LATEST), OnceLock::from(now));
    }

    /// The time in ticks since the bucket was made.
    fn tell(&self, now: Duration) -> u64 {
        let began = *self.began.get_or_init(|| now);
        self.meter.tell(self.scale.ticks_in(now.saturating_sub(began)))
    }

    /// Ticks that may pass; negative in debt.
    fn level(&self, now: u64) -> i64 {
        signed(self.scale.burst()) - signed(self.meter.arrival().saturating_sub(now))
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scale, meter, limiter: _, began } = self;
        f.debug_struct("Bucket")
            .field("scale", scale)
            .field("meter", meter)
            .field("began", began)
            .finish_non_exhaustive()
    }
}

fn signed(ticks: u64) -> i64 {
    i64::try_from(ticks).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[path = "bucket_tests.rs"]
mod tests;

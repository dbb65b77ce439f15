//! What a token bucket reads and writes: the time that it was told, and its arrival time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use governor::clock::Clock;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};

/// The clock and the state of one limiter, both in ticks, both readable from outside.
///
/// The limiter owns one clone, the bucket another: so the bucket says what time it is, reads the
/// theoretical arrival time without consuming anything, and moves it.
#[derive(Clone, Debug)]
pub(super) struct Meter(Arc<Ticks>);

#[derive(Debug)]
struct Ticks {
    now: AtomicU64,
    arrival: AtomicU64,
}

impl Meter {
    pub(super) fn new(arrival: u64) -> Self {
        Self(Arc::new(Ticks { now: AtomicU64::new(0), arrival: AtomicU64::new(arrival) }))
    }

    /// Tells the time and returns the latest that was told: it never goes back.
    pub(super) fn tell(&self, now: u64) -> u64 {
        self.0.now.fetch_max(now, Ordering::AcqRel).max(now)
    }

    /// The theoretical arrival time: when the bucket would be full if nothing more were taken.
    pub(super) fn arrival(&self) -> u64 {
        self.0.arrival.load(Ordering::Acquire)
    }

    /// Moves the theoretical arrival time by what was taken at `now`, and never past `latest`.
    pub(super) fn postpone(&self, now: u64, by: u64, latest: u64) {
        let mut seen = self.arrival();
        while let Err(other) = self.0.arrival.compare_exchange_weak(
            seen,
            seen.max(now).saturating_add(by).min(latest),
            Ordering::AcqRel,
            Ordering::Acquire,
        ) {
            seen = other;
        }
    }
}

impl Clock for Meter {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(self.0.now.load(Ordering::Acquire))
    }
}

impl StateStore for Meter {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _key: &NotKeyed, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut seen = self.arrival();
        loop {
            let (outcome, next) = decide(Some(Nanos::from(seen)))?;
            match self.0.arrival.compare_exchange_weak(
                seen,
                next.into(),
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return Ok(outcome),
                Err(other) => seen = other,
            }
        }
    }
}

//! A pipeline as the engine runs it, reduced to arithmetic.

use super::{Scenario, Step, Trace};
use crate::flow::{Claimant, Estimator, share};

/// Runs an estimator through a scenario; `initial` is the rate until its first estimate, in
/// records per second.
///
/// Batches are due at multiples of the interval. One that cannot begin when it is due begins when
/// the one before it ends, and the ticks that it missed merge into the first of them. Each is
/// granted rate × interval, which [`share`] divides.
#[must_use]
pub fn run(scenario: &Scenario, estimator: &mut dyn Estimator, initial: Option<f64>) -> Trace {
    let interval_ms = scenario.interval.as_secs_f64() * 1000.0;
    let mut random = fastrand::Rng::with_seed(scenario.seed);
    let mut waiting = Backlog::new(scenario);
    let mut rate = initial;
    let mut free_ms = 0.0_f64;
    let mut due = 1.0_f64;
    let mut steps = Vec::new();
    while due <= f64::from(scenario.intervals) {
        let due_ms = due * interval_ms;
        let began_ms = due_ms.max(free_ms);
        waiting.arrive_until(began_ms / interval_ms);
        let offered = waiting.total();
        let total = rate.map_or(f64::INFINITY, |rate| rate * interval_ms / 1000.0);
        let (records, limited) = waiting.read(total);
        // Noise is drawn for each tick, so that all estimators meet the same sinks.
        let noise = (scenario.noise * normal(&mut random)).exp();
        if records > 0 {
            let expected_ms = (scenario.cost)(began_ms / interval_ms).of(records as f64);
            let processing_ms = expected_ms * noise;
            let delay_ms = began_ms - due_ms;
            let step = Step {
                began_ms,
                offered,
                records,
                processing_ms,
                expected_ms,
                delay_ms,
                limited,
                rate,
            };
            rate = estimator.observe(&step.observation()).or(rate);
            steps.push(step);
            free_ms = began_ms + processing_ms;
        }
        due = (began_ms / interval_ms).floor() + 1.0;
    }
    Trace { interval: scenario.interval, steps }
}

/// What waits in the splits.
struct Backlog<'a> {
    scenario: &'a Scenario,
    waiting: Vec<f64>,
    carry: Vec<f64>,
    /// Up to when arrivals were counted, in intervals.
    counted: f64,
}

impl<'a> Backlog<'a> {
    fn new(scenario: &'a Scenario) -> Self {
        let waiting: Vec<f64> = scenario.streams.iter().map(|stream| stream.backlog).collect();
        let carry = vec![0.0; waiting.len()];
        Self { scenario, waiting, carry, counted: 0.0 }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    fn arrive_until(&mut self, until: f64) {
        while self.counted < until {
            let end = (self.counted.floor() + 1.0).min(until);
            for (waiting, stream) in self.waiting.iter_mut().zip(&self.scenario.streams) {
                *waiting += (stream.arrivals)(self.counted as u32) * (end - self.counted);
            }
            self.counted = end;
        }
    }

    fn total(&self) -> u64 {
        self.waiting.iter().map(|waiting| whole(*waiting)).sum()
    }

    /// Reads up to `total` records, and tells whether that kept it from reading more.
    fn read(&mut self, total: f64) -> (u64, bool) {
        let claimants: Vec<Claimant> = self
            .waiting
            .iter()
            .map(|waiting| Claimant {
                backlog: Some(whole(*waiting)),
                floor: 0.0,
                ceiling: u64::MAX,
            })
            .collect();
        let shares = share(total, &claimants, &mut self.carry);
        let (mut records, mut limited) = (0, false);
        for (index, share) in shares.iter().enumerate() {
            let waiting = &mut self.waiting[index];
            let there =
                whole(*waiting).min(self.scenario.streams[index].yields.unwrap_or(u64::MAX));
            let read = there.min(share.records);
            limited |= read < there;
            *waiting -= read as f64;
            records += read;
        }
        (records, limited)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
fn whole(amount: f64) -> u64 {
    amount as u64
}

/// A number of the standard normal distribution (Box and Muller, 1958).
fn normal(random: &mut fastrand::Rng) -> f64 {
    let (radius, angle) = (1.0 - random.f64(), random.f64());
    (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}

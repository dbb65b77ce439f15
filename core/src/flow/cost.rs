//! What a batch costs, learned from those that were.

/// A fit of `cost(n) = fixed + each * n`, in milliseconds, with `fixed >= 0` and `each > 0`.
///
/// Least squares with exponential forgetting, in the recursive form of weighted means and
/// moments (D. H. D. West, "Updating mean and variance estimates", CACM 22(9), 1979). Three
/// guards:
///
/// - A batch that is small beside the others weighs little and lets little be forgotten: hours of
///   idling do not wash out what large batches taught.
/// - Batches of about one size say nothing about how their cost splits. As far as the sizes do
///   not spread, the fixed part stays what it was believed to be.
/// - When costs leave the fit for good, what was learned before is dropped (Page's cumulative sum
///   test, Biometrika 41, 1954).
#[derive(Clone, Debug)]
pub(super) struct CostFit {
    weight: f64,
    mean_records: f64,
    mean_cost: f64,
    /// Weighted sums of squared deviations and their product.
    spread: f64,
    product: f64,
    /// The fixed part that is believed in where the sizes do not spread, in milliseconds.
    believed: f64,
    /// The fit.
    fixed: f64,
    each: f64,
    /// Standard deviation of the logarithm of cost over prediction.
    noise: f64,
    /// Cumulative sums of the relative errors, upward and downward.
    above: f64,
    below: f64,
}

/// What remains of the past after one batch: a memory of about 20 batches.
const FORGET: f64 = 0.95;
/// Spread of the sizes, relative to their mean, at which the fit is believed by half.
const TELLING_SPREAD: f64 = 0.1;
/// Part of a trusted fit that becomes belief with each batch.
const LEARN: f64 = 0.2;
/// The noise that is assumed at first, and the least that is ever assumed.
const FIRST_NOISE: f64 = 0.2;
const LEAST_NOISE: f64 = 0.05;
/// Part of an error that the noise estimate takes over.
const NOISE_GAIN: f64 = 0.1;
/// Page's test, in units of the noise: the slack per batch, and the sum that raises the alarm.
const SLACK: f64 = 0.5;
const ALARM: f64 = 6.0;
/// The cost per record is at least this part of the mean cost per record.
const LEAST_EACH: f64 = 0.01;

impl CostFit {
    pub(super) fn new() -> Self {
        Self {
            weight: 0.0,
            mean_records: 0.0,
            mean_cost: 0.0,
            spread: 0.0,
            product: 0.0,
            believed: 0.0,
            fixed: 0.0,
            each: 0.0,
            noise: FIRST_NOISE,
            above: 0.0,
            below: 0.0,
        }
    }

    /// Learns from a batch of so many records that took so many milliseconds, both above 0.
    pub(super) fn learn(&mut self, records: f64, cost: f64) {
        if self.weight > 0.0 && self.has_left(records, cost) {
            // A fixed part may have changed too: believe in less of it.
            self.believed *= 0.5;
            self.weight = 0.0;
            (self.spread, self.product) = (0.0, 0.0);
            (self.above, self.below) = (0.0, 0.0);
        }
        let share = if self.weight > 0.0 {
            (2.0 * records / (records + self.mean_records)).min(1.0)
        } else {
            1.0
        };
        let keep = FORGET.powf(share);
        self.weight = self.weight * keep + share;
        let (dx, dy) = (records - self.mean_records, cost - self.mean_cost);
        if self.weight <= share {
            (self.mean_records, self.mean_cost) = (records, cost);
        } else {
            self.mean_records += dx * share / self.weight;
            self.mean_cost += dy * share / self.weight;
            self.spread = self.spread * keep + share * dx * (records - self.mean_records);
            self.product = self.product * keep + share * dx * (cost - self.mean_cost);
        }
        self.fit();
    }

    /// The fixed part of a batch's cost, in milliseconds.
    pub(super) fn fixed(&self) -> f64 {
        self.fixed
    }

    /// What each record costs, in milliseconds.
    pub(super) fn each(&self) -> f64 {
        self.each
    }

    /// The records that fit into so many milliseconds; not above 0 if the fixed part fills them.
    pub(super) fn records_in(&self, time: f64) -> f64 {
        (time - self.fixed) / self.each
    }

    /// The typical relative error of a prediction, such as 0.2.
    pub(super) fn noise(&self) -> f64 {
        self.noise
    }

    /// Takes in the error of the prediction, and tells whether the costs left the fit.
    fn has_left(&mut self, records: f64, cost: f64) -> bool {
        let error = (cost / (self.fixed + self.each * records)).ln();
        let relative = error / self.noise;
        self.above = (self.above + relative - SLACK).max(0.0);
        self.below = (self.below - relative - SLACK).max(0.0);
        let left = self.above.max(self.below) > ALARM;
        if !left {
            // 1.25 × the mean absolute deviation is the standard deviation of a normal error.
            let noise = 1.25 * error.abs();
            self.noise = (self.noise + NOISE_GAIN * (noise - self.noise)).max(LEAST_NOISE);
        }
        left
    }

    fn fit(&mut self) {
        let mean_each = self.mean_cost / self.mean_records;
        let least = LEAST_EACH * mean_each;
        let believed =
            ((self.mean_cost - self.believed) / self.mean_records).clamp(least, mean_each);
        let fitted = if self.spread > 0.0 {
            (self.product / self.spread).clamp(least, mean_each)
        } else {
            believed
        };
        let spread = self.spread / self.weight / self.mean_records.powi(2);
        let said = (fitted - believed) / mean_each;
        let trust = trust(spread, self.weight * (said / self.noise).powi(2));
        self.each = (believed + trust * (fitted - believed)).clamp(least, mean_each);
        self.fixed = self.mean_cost - self.each * self.mean_records;
        self.believed += LEARN * trust * (self.fixed - self.believed);
    }
}

/// How far a fit is to be believed, from 0 to 1: as the relative variance of the sizes is above
/// what is telling, and as the square of what the fit says is above that of its uncertainty.
fn trust(spread: f64, evidence: f64) -> f64 {
    let telling = TELLING_SPREAD * TELLING_SPREAD;
    spread / (spread + telling) * evidence / (evidence + 1.0)
}

//! How well an estimator did.

use super::{Scenario, Trace};

/// How well an estimator did, from the change of a scenario on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores {
    /// Intervals from the change until every later batch is settled; `None` if the last is not.
    /// A batch is settled if it takes at most the interval and a twentieth, noise apart, and at
    /// least half of it or all that is there.
    pub settling: Option<f64>,
    /// The most by which a batch exceeded the interval, noise apart, in intervals. The first
    /// batch after the change does not count: no estimator could know.
    pub overshoot: f64,
    /// The part of the time in which the sinks were busy.
    pub utilisation: f64,
    /// The longest scheduling delay, in intervals.
    pub max_delay: f64,
    /// Records that were written per interval.
    pub throughput: f64,
}

/// A settled batch takes at most this part of the interval, and at least that.
const LONGEST: f64 = 1.05;
const SHORTEST: f64 = 0.5;

impl Scores {
    /// The scores of a run.
    #[must_use]
    pub fn of(scenario: &Scenario, trace: &Trace) -> Self {
        let interval = trace.interval.as_secs_f64() * 1000.0;
        let change = f64::from(scenario.change) * interval;
        let steps: Vec<_> = trace.steps.iter().filter(|step| step.began_ms >= change).collect();
        let end = steps.last().map_or(change, |step| step.began_ms + step.processing_ms);
        let settled = |step: &&super::Step| {
            let part = step.expected_ms / interval;
            part <= LONGEST && (part >= SHORTEST || !step.limited)
        };
        let settled_at = match steps.iter().rposition(|step| !settled(step)) {
            None => Some(change),
            Some(last) => steps.get(last + 1).map(|step| step.began_ms),
        };
        let span = (end - change).max(interval);
        let most = |of: &dyn Fn(&super::Step) -> f64, skip: usize| {
            steps.iter().skip(skip).map(|step| of(step)).fold(0.0, f64::max)
        };
        Self {
            settling: settled_at.map(|at| (at - change) / interval),
            overshoot: most(&|step| step.expected_ms / interval - 1.0, 1),
            utilisation: steps.iter().map(|step| step.processing_ms).sum::<f64>() / span,
            max_delay: most(&|step| step.delay_ms / interval, 0),
            throughput: steps.iter().map(|step| step.records as f64).sum::<f64>() / span * interval,
        }
    }
}

//! The comparison of the estimators over the scenarios.

use std::fmt::Write;

use super::{Scores, run, scenarios};
use crate::flow::{Backpressure, EstimatorKind};

/// The scores of both estimators with their default settings over all [`scenarios`], as a table in
/// Markdown. The same on every run.
#[must_use]
pub fn table() -> String {
    let mut text = String::from(
        "| scenario | estimator | settling (intervals) | overshoot (intervals) | busy | \
         longest delay (intervals) | records per interval |\n\
         |---|---|---:|---:|---:|---:|---:|\n",
    );
    for scenario in scenarios() {
        for (name, estimator) in
            [("pid", EstimatorKind::Pid), ("adaptive", EstimatorKind::Adaptive)]
        {
            let settings = Backpressure { estimator, ..Backpressure::default() };
            let mut estimator = settings.estimator(scenario.interval);
            let trace = run(&scenario, estimator.as_mut(), Some(FIRST_RATE));
            let scores = Scores::of(&scenario, &trace);
            let settling =
                scores.settling.map_or_else(|| "never".to_owned(), |at| format!("{at:.0}"));
            // Writing to a `String` cannot fail.
            let _ = writeln!(
                text,
                "| {} | `{name}` | {settling} | {:.2} | {:.0} % | {:.1} | {:.0} |",
                scenario.name,
                scores.overshoot,
                scores.utilisation * 100.0,
                scores.max_delay,
                scores.throughput,
            );
        }
    }
    text
}

/// The rate until the first estimate, in records per second.
pub(super) const FIRST_RATE: f64 = 2_000.0;

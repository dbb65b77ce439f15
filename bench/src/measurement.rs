//! Numbers of several rounds, and the table that they make.

use std::time::Duration;

use crate::process::Used;

/// One run: so many records, at this price.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// Records moved.
    pub(crate) records: u64,
    /// Time that counts for the rate.
    pub(crate) wall: Duration,
    /// What the process used from start to end.
    pub(crate) used: Used,
}

impl Run {
    fn rate(&self) -> f64 {
        as_f64(self.records) / self.wall.as_secs_f64().max(1e-9)
    }

    fn cpu_per_million(&self) -> f64 {
        self.used.cpu.as_secs_f64() * 1e6 / as_f64(self.records.max(1))
    }
}

/// The runs of the gateway and of the reference, round by round.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    /// The gateway's.
    pub(crate) gateway: Vec<Run>,
    /// The reference's.
    pub(crate) reference: Vec<Run>,
}

/// The head of the table that [`Comparison::row`] belongs to.
pub(crate) const HEAD: &str = "\
| what | records/s | CPU-s per million | peak MiB | reference records/s | reference CPU-s per million | ratio | least |
|---|---|---|---|---|---|---|---|";

impl Comparison {
    /// A row of Markdown with the medians. The ratio is that of the rates; `least` is what it has
    /// to be.
    pub(crate) fn row(&self, what: &str, least: &str) -> String {
        let rate = median(self.gateway.iter().map(Run::rate));
        let reference = median(self.reference.iter().map(Run::rate));
        format!(
            "| {what} | {rate:.0} | {:.2} | {:.0} | {reference:.0} | {:.2} | {:.2} | {least} |",
            median(self.gateway.iter().map(Run::cpu_per_million)),
            median(self.gateway.iter().map(|run| as_f64(run.used.peak_kib) / 1024.0)),
            median(self.reference.iter().map(Run::cpu_per_million)),
            rate / reference,
        )
    }
}

/// The middle value, or the mean of the two in the middle; 0 of none.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => values[half],
        _ => f64::midpoint(values[half - 1], values[half]),
    }
}

/// Counts in these programs are far below 2^53.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
pub(crate) fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(millis: u64) -> Run {
        let wall = Duration::from_millis(millis);
        let used = Used { wall, cpu: wall / 2, peak_kib: 2048 };
        Run { records: 1_000_000, wall, used }
    }

    #[test]
    fn a_row_holds_medians_and_their_ratio() {
        let comparison = Comparison {
            gateway: vec![run(9_000), run(2_000), run(1_000)],
            reference: vec![run(1_000)],
        };
        assert_eq!(
            comparison.row("x", "0.7"),
            "| x | 500000 | 1.00 | 2 | 1000000 | 0.50 | 0.50 | 0.7 |"
        );
    }

    #[test]
    fn the_median_of_an_even_number_lies_between() {
        assert!((median([4.0, 1.0, 2.0, 3.0].into_iter()) - 2.5).abs() < 1e-9);
    }
}

//! Every metric, by what it is about.

mod controller;
mod pipelines;
mod process;
mod receivers;
mod sinks;
mod splits;

use super::metric::Metric;

const PIPELINE: &[&str] = &["pipeline"];

/// Every metric, once. Times are in seconds and sizes in bytes.
pub(crate) fn all() -> impl Iterator<Item = &'static Metric> {
    let lists = [
        pipelines::METRICS,
        controller::METRICS,
        splits::METRICS,
        sinks::METRICS,
        receivers::METRICS,
        process::METRICS,
    ];
    lists.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::admin::metrics::metric::Kind;

    #[test]
    fn names_are_unique_and_end_with_their_unit() {
        let mut names = BTreeSet::new();
        for metric in all() {
            let name = metric.name;
            // Of `x` and `x_total` there cannot be both: OpenMetrics takes them for one family.
            assert!(names.insert(name.trim_end_matches("_total")), "{name}");
            let is_counter = metric.kind == Kind::Counter;
            assert_eq!(name.ends_with("_total"), is_counter, "{name}");
            let name = name.trim_end_matches("_total");
            for (end, unit) in [
                ("_records_per_second", "records per second"),
                ("_bytes_per_second", "bytes per second"),
                ("_seconds", "seconds"),
                ("_bytes", "bytes"),
                ("_ratio", "ratio"),
            ] {
                assert_eq!(name.ends_with(end), metric.unit == unit && !is_moved(name), "{name}");
            }
        }
    }

    /// Where the unit stands in the middle, so that the name reads as it is spoken.
    fn is_moved(name: &str) -> bool {
        name == "forebay_bytes_read"
    }
}

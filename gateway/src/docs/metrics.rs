//! The page of the metrics.

use std::fmt::Write;

use crate::admin::metrics::METRICS;

/// A table of all metrics.
pub(super) fn metrics() -> String {
    let mut text = "# Metrics\n\n\
        Served at `/metrics` of the admin address (`listen` in [`[gateway]`](gateway.md)), for \
        Prometheus. Counters begin at 0 when the process starts; a histogram `x` has `x_bucket`, \
        `x_sum` and `x_count`. There are none per split: `/api/pipelines/NAME/splits` lists what \
        was last heard of each.\n\n\
        | metric | kind | labels | meaning |\n|---|---|---|---|\n"
        .to_owned();
    for metric in METRICS {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let labels = if labels.is_empty() { "-".to_owned() } else { labels.join(", ") };
        // Writing to a text cannot fail.
        let _ = writeln!(
            text,
            "| `{}` | {} | {labels} | {} |",
            metric.name,
            metric.kind.as_str(),
            metric.help
        );
    }
    text
}

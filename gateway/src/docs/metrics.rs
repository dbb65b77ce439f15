//! The page of the metrics.

use std::fmt::Write;

use crate::admin::metrics::all;

/// A table of all metrics.
pub(super) fn metrics() -> String {
    let mut text = "# Metrics\n\n\
        Served at `/metrics` of the admin address (`listen` in [`[gateway]`](gateway.md)), for \
        Prometheus. Counters begin at 0 when the process starts; a histogram `x` has `x_bucket`, \
        `x_sum` and `x_count`. The values of labels are names of the configuration and closed \
        lists. Splits have series of their own only up to `split_series` in `[gateway]`, which is \
        0 unless it is set; `/api/pipelines/NAME/splits` lists what was last heard of each.\n\n\
        A dashboard for Grafana and alert rules stand in `configs/monitoring`.\n\n\
        | metric | kind | labels | unit | meaning |\n|---|---|---|---|---|\n"
        .to_owned();
    for metric in all() {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let labels = if labels.is_empty() { "-".to_owned() } else { labels.join(", ") };
        // Writing to a text cannot fail.
        let _ = writeln!(
            text,
            "| `{}` | {} | {labels} | {} | {} |",
            metric.name,
            metric.kind.as_str(),
            metric.unit,
            metric.help
        );
    }
    text
}

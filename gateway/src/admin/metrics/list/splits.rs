//! Splits: series of their own only where that is asked for.

use super::PIPELINE;
use crate::admin::metrics::metric::{Kind, Metric};
use crate::admin::metrics::reading::add;

const SPLIT: &[&str] = &["pipeline", "source", "split"];

pub(super) const METRICS: &[Metric] = &[
    Metric {
        name: "forebay_splits",
        help: "Splits of which something was heard in the last minute",
        kind: Kind::Gauge,
        unit: "splits",
        labels: PIPELINE,
        read: |reading, samples| {
            for (name, view) in reading.views {
                add(samples, &[name], view.splits.heard_lately().count() as u64);
            }
        },
    },
    Metric {
        name: "forebay_split_records_read_total",
        help: "Records that were read from a split; only with `[gateway] split_series`",
        kind: Kind::Counter,
        unit: "records",
        labels: SPLIT,
        read: |reading, samples| reading.each_split(samples, |split| Some(split.total_records)),
    },
    Metric {
        name: "forebay_split_backlog_records",
        help: "Records that wait in a split, if its source can say; only with `[gateway] split_series`",
        kind: Kind::Gauge,
        unit: "records",
        labels: SPLIT,
        read: |reading, samples| reading.each_split(samples, |split| split.last.lag),
    },
    Metric {
        name: "forebay_split_oldest_seconds",
        help: "How long the oldest record of a split had waited when it was last read, if its source can say; only with `[gateway] split_series`",
        kind: Kind::Gauge,
        unit: "seconds",
        labels: SPLIT,
        read: |reading, samples| {
            reading.each_split(samples, |split| Some(split.last.oldest_ms? as f64 / 1e3));
        },
    },
    Metric {
        name: "forebay_split_granted_records",
        help: "Records that the last micro-batch might take from a split; only with `[gateway] split_series`",
        kind: Kind::Gauge,
        unit: "records",
        labels: SPLIT,
        read: |reading, samples| reading.each_split(samples, |split| Some(split.last.granted)),
    },
    Metric {
        name: "forebay_splits_left_out",
        help: "Splits beyond `[gateway] split_series`, which have no series of their own",
        kind: Kind::Gauge,
        unit: "splits",
        labels: PIPELINE,
        read: |reading, samples| reading.each(samples, |view| reading.splits_left_out(view)),
    },
];

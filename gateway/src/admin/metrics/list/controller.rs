//! What limits a pipeline, and what its controller makes of it.

use forebay_core::flow::Limits;
use forebay_core::units::ByteSize;

use super::PIPELINE;
use crate::admin::metrics::metric::{Kind, Metric, Samples};
use crate::admin::metrics::reading::{Reading, add};
use crate::run::{LIMITS, PipelineView, SetBy, why};

const LIMIT: &[&str] = &["pipeline", "source", "limit"];
const TERM: &[&str] = &["pipeline", "term"];

pub(super) const METRICS: &[Metric] = &[
    Metric {
        name: "forebay_rate_limit_records_per_second",
        help: "The rate in force for the last micro-batch over all splits; absent if there was no limit",
        kind: Kind::Gauge,
        unit: "records per second",
        labels: PIPELINE,
        read: |reading, samples| reading.each(samples, |view| view.last()?.rate),
    },
    Metric {
        name: "forebay_rate_set_by",
        help: "1 for what sets the rate of the pipeline now, 0 for all else",
        kind: Kind::Gauge,
        unit: "0 or 1",
        labels: &["pipeline", "by"],
        read: |reading, samples| {
            for (name, view) in reading.views {
                let facts = reading.facts;
                let (bounds, tuning) = (facts.bounds.get(name), facts.tunings.of(name));
                let Some((bounds, tuning)) = bounds.zip(tuning) else { continue };
                let now = why(view, bounds, &tuning).set_by;
                for by in SetBy::ALL {
                    add(samples, &[name, by.as_str()], by == now);
                }
            }
        },
    },
    Metric {
        name: "forebay_limited_batches_total",
        help: "Micro-batches by what kept them from being larger",
        kind: Kind::Counter,
        unit: "batches",
        labels: &["pipeline", "by"],
        read: |reading, samples| {
            reading.each_by(samples, |view| {
                std::array::from_fn::<_, { LIMITS.len() }, _>(|slot| {
                    (LIMITS[slot].as_str(), view.limited[slot])
                })
            });
        },
    },
    Metric {
        name: "forebay_limit_records_per_second",
        help: "A limit that is set; without a source it is that of the pipeline",
        kind: Kind::Gauge,
        unit: "records per second",
        labels: LIMIT,
        read: |reading, samples| {
            limits(reading, samples, |limits| {
                vec![
                    ("max_rate", limits.max_rate),
                    ("max_rate_per_split", limits.max_rate_per_split),
                    ("min_rate_per_split", limits.min_rate_per_split),
                ]
            });
        },
    },
    Metric {
        name: "forebay_limit_bytes_per_second",
        help: "A limit in bytes that is set",
        kind: Kind::Gauge,
        unit: "bytes per second",
        labels: LIMIT,
        read: |reading, samples| {
            let bytes = |size: Option<ByteSize>| size.map(|size| size.0 as f64);
            limits(reading, samples, |limits| {
                let (all, each) =
                    (limits.max_bytes_per_second, limits.max_bytes_per_second_per_split);
                vec![
                    ("max_bytes_per_second", bytes(all)),
                    ("max_bytes_per_second_per_split", bytes(each)),
                ]
            });
        },
    },
    Metric {
        name: "forebay_bucket_available_records",
        help: "Records that a limit let pass at once after the last micro-batch: its tokens; without a source it is that of the pipeline",
        kind: Kind::Gauge,
        unit: "records",
        labels: LIMIT,
        read: |reading, samples| tokens(reading, samples, |limit| !limit.contains("bytes")),
    },
    Metric {
        name: "forebay_bucket_available_bytes",
        help: "Bytes that a limit let pass at once after the last micro-batch: its tokens",
        kind: Kind::Gauge,
        unit: "bytes",
        labels: LIMIT,
        read: |reading, samples| tokens(reading, samples, |limit| limit.contains("bytes")),
    },
    Metric {
        name: "forebay_interval_seconds",
        help: "The time from micro-batch to micro-batch; absent where they begin with data",
        kind: Kind::Gauge,
        unit: "seconds",
        labels: PIPELINE,
        read: |reading, samples| {
            for (name, bounds) in &reading.facts.bounds {
                if bounds.interval_ms > 0.0 {
                    add(samples, &[name], bounds.interval_ms / 1e3);
                }
            }
        },
    },
    Metric {
        name: "forebay_utilisation_ratio",
        help: "The part of the interval that the last micro-batch took; absent where there is no interval",
        kind: Kind::Gauge,
        unit: "ratio",
        labels: PIPELINE,
        read: |reading, samples| {
            for (name, view) in reading.views {
                let interval_ms = reading.facts.bounds.get(name).map(|bounds| bounds.interval_ms);
                let interval_ms = interval_ms.filter(|interval| *interval > 0.0);
                if let (Some(last), Some(interval_ms)) = (view.last(), interval_ms) {
                    add(samples, &[name], last.processing_ms / interval_ms);
                }
            }
        },
    },
    Metric {
        name: "forebay_utilisation_target_ratio",
        help: "The part of the interval that the controller aims at; absent without a controller",
        kind: Kind::Gauge,
        unit: "ratio",
        labels: PIPELINE,
        read: |reading, samples| {
            for (name, bounds) in &reading.facts.bounds {
                if let Some(target) = bounds.target() {
                    add(samples, &[name], target);
                }
            }
        },
    },
    Metric {
        name: "forebay_controller_rate_records_per_second",
        help: "The rate that the controller set for micro-batches to come; absent while it has none",
        kind: Kind::Gauge,
        unit: "records per second",
        labels: PIPELINE,
        read: |reading, samples| {
            reading.each(samples, |view| view.last()?.control.as_ref()?.rate);
        },
    },
    Metric {
        name: "forebay_controller_correction_records_per_second",
        help: "The terms of the `pid` estimator's last correction",
        kind: Kind::Gauge,
        unit: "records per second",
        labels: TERM,
        read: |reading, samples| terms(reading, samples, &CORRECTIONS),
    },
    Metric {
        name: "forebay_controller_cost_seconds",
        help: "What the `adaptive` estimator believes: the cost of a micro-batch as such, that of each record, and the time at which it aims",
        kind: Kind::Gauge,
        unit: "seconds",
        labels: TERM,
        read: |reading, samples| terms(reading, samples, &COSTS),
    },
];

/// Terms of the estimators by their names, as what they stand here, and by what they are
/// multiplied.
type Terms = [(&'static str, &'static str, f64); 3];

const CORRECTIONS: Terms = [
    ("proportional", "proportional", 1.0),
    ("integral", "integral", 1.0),
    ("derivative", "derivative", 1.0),
];

const COSTS: Terms =
    [("fixed_ms", "batch", 1e-3), ("each_us", "record", 1e-6), ("aim_ms", "aim", 1e-3)];

fn terms(reading: &Reading<'_>, samples: &mut Samples, wanted: &Terms) {
    let told = |view: &PipelineView| Some(view.last()?.control.as_ref()?.terms.clone());
    for (name, view) in reading.views {
        for term in told(view).unwrap_or_default() {
            if let Some((_, word, unit)) = wanted.iter().find(|(known, ..)| *known == term.name) {
                add(samples, &[name, word], term.value * unit);
            }
        }
    }
}

/// The limits in force of each pipeline and its sources.
fn limits(
    reading: &Reading<'_>,
    samples: &mut Samples,
    pick: impl Fn(&Limits) -> Vec<(&'static str, Option<f64>)>,
) {
    for name in reading.views.keys() {
        let Some(tuning) = reading.facts.tunings.of(name) else { continue };
        let own = Limits { max_rate: tuning.max_rate, ..Limits::default() };
        let sources = tuning.limits.iter().map(|(source, limits)| (&**source, limits));
        for (source, limits) in [("", &own)].into_iter().chain(sources) {
            for (limit, value) in pick(limits) {
                if let Some(value) = value {
                    add(samples, &[name, source, limit], value);
                }
            }
        }
    }
}

fn tokens(reading: &Reading<'_>, samples: &mut Samples, wanted: impl Fn(&str) -> bool) {
    for (name, view) in reading.views {
        let tokens = view.last().map(|last| last.tokens.iter()).into_iter().flatten();
        for it in tokens.filter(|it| wanted(&it.limit)) {
            let source = it.source.as_deref().unwrap_or_default();
            add(samples, &[name, source, &it.limit], it.available);
        }
    }
}

//! Sinks: what each took, how long that took, and what it holds.

use forebay_core::progress::PipelineState;

use crate::admin::metrics::metric::{Kind, Metric, Number, Samples};
use crate::admin::metrics::reading::{Reading, add};
use crate::run::{Delivery, Role};

const SINK: &[&str] = &["pipeline", "sink"];

pub(super) const METRICS: &[Metric] = &[
    Metric {
        name: "forebay_waiting_for",
        help: "1 for the component that the pipeline waits for, 0 for the others",
        kind: Kind::Gauge,
        unit: "0 or 1",
        labels: &["pipeline", "role", "component"],
        read: |reading, samples| {
            for (pipeline, view) in reading.views {
                let waits = |component: &str| {
                    let state = &view.state;
                    matches!(state, PipelineState::Waiting { component: it, .. } if it == component)
                };
                for one in reading.facts.observed.iter().filter(|one| one.pipeline == *pipeline) {
                    let role = match one.role {
                        Role::Source => "source",
                        Role::Sink => "sink",
                        Role::DeadLetters => "dead_letters",
                    };
                    add(samples, &[pipeline, role, &one.name], waits(&one.name));
                }
                let own = "checkpoint";
                add(samples, &[pipeline, own, own], waits(own));
            }
        },
    },
    Metric {
        name: "forebay_sink_batches_total",
        help: "Micro-batches that a sink took",
        kind: Kind::Counter,
        unit: "batches",
        labels: SINK,
        read: |reading, samples| each(reading, samples, |sink| Some(sink.batches)),
    },
    Metric {
        name: "forebay_sink_write_seconds",
        help: "Time that writing a micro-batch to a sink took, retries and their pauses included",
        kind: Kind::Histogram,
        unit: "seconds",
        labels: SINK,
        read: |reading, samples| each(reading, samples, |sink| Some(Number::from(&sink.writes))),
    },
    Metric {
        name: "forebay_sink_retries_total",
        help: "Attempts at writing to a sink beyond the first",
        kind: Kind::Counter,
        unit: "attempts",
        labels: SINK,
        read: |reading, samples| each(reading, samples, |sink| Some(sink.retries)),
    },
    Metric {
        name: "forebay_sink_dead_letters_total",
        help: "Rows that a sink refused for good",
        kind: Kind::Counter,
        unit: "rows",
        labels: SINK,
        read: |reading, samples| each(reading, samples, |sink| Some(sink.dead_letters)),
    },
    Metric {
        name: "forebay_sink_last_success_time_seconds",
        help: "When a sink last took a micro-batch, in seconds since the Unix epoch",
        kind: Kind::Gauge,
        unit: "seconds",
        labels: SINK,
        read: |reading, samples| {
            each(reading, samples, |sink| (sink.last_ms > 0).then(|| sink.last_ms as f64 / 1e3));
        },
    },
    Metric {
        name: "forebay_sink_in_flight_rows",
        help: "Rows that a sink was given and has not answered for",
        kind: Kind::Gauge,
        unit: "rows",
        labels: SINK,
        read: |reading, samples| {
            for (pipeline, window) in &reading.facts.windows {
                for (sink, rows) in window.in_flight() {
                    add(samples, &[pipeline, &sink], rows);
                }
            }
        },
    },
];

fn each<N: Into<Number>>(
    reading: &Reading<'_>,
    samples: &mut Samples,
    number: impl Fn(&Delivery) -> Option<N>,
) {
    for (pipeline, view) in reading.views {
        for (sink, delivery) in &view.deliveries {
            if let Some(number) = number(delivery) {
                add(samples, &[pipeline, sink], number);
            }
        }
    }
}

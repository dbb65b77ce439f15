//! Receivers and their journals.

use serde_json::Value;

use crate::admin::metrics::metric::{Kind, Metric, Number, Samples};
use crate::admin::metrics::reading::{Reading, add};

const SOURCE: &[&str] = &["pipeline", "source"];

pub(super) const METRICS: &[Metric] = &[
    Metric {
        name: "forebay_receiver_listening",
        help: "Whether a receiver that listens does so now",
        kind: Kind::Gauge,
        unit: "0 or 1",
        labels: SOURCE,
        read: |reading, samples| {
            each(reading, samples, |state| Some(!state.pointer("/receiver/listening")?.is_null()));
        },
    },
    Metric {
        name: "forebay_receiver_restarts_total",
        help: "How often a receiver ended and was run again",
        kind: Kind::Counter,
        unit: "restarts",
        labels: SOURCE,
        read: |reading, samples| counted(reading, samples, "/restarts"),
    },
    Metric {
        name: "forebay_receiver_open_connections",
        help: "Connections of a receiver that are open",
        kind: Kind::Gauge,
        unit: "connections",
        labels: SOURCE,
        read: |reading, samples| counted(reading, samples, "/receiver/connections/open"),
    },
    Metric {
        name: "forebay_receiver_connections_total",
        help: "Connections that a receiver accepted or made",
        kind: Kind::Counter,
        unit: "connections",
        labels: SOURCE,
        read: |reading, samples| counted(reading, samples, "/receiver/connections/total"),
    },
    Metric {
        name: "forebay_receiver_connections_refused_total",
        help: "Connections that a receiver refused",
        kind: Kind::Counter,
        unit: "connections",
        labels: SOURCE,
        read: |reading, samples| counted(reading, samples, "/receiver/connections/refused"),
    },
    Metric {
        name: "forebay_receiver_requests_total",
        help: "Requests that a receiver answered, by status",
        kind: Kind::Counter,
        unit: "requests",
        labels: &["pipeline", "source", "status"],
        read: |reading, samples| {
            for (pipeline, source, state) in &reading.receivers {
                for status in ["2xx", "4xx", "429", "5xx"] {
                    let count = state.pointer("/receiver/requests").and_then(|it| it.get(status));
                    if let Some(count) = count.and_then(Value::as_u64) {
                        add(samples, &[pipeline, source, status], count);
                    }
                }
            }
        },
    },
    Metric {
        name: "forebay_receiver_records_total",
        help: "Records that a receiver stored",
        kind: Kind::Counter,
        unit: "records",
        labels: SOURCE,
        read: |reading, samples| counted(reading, samples, "/receiver/records"),
    },
    Metric {
        name: "forebay_receiver_bytes_total",
        help: "Bytes of records that a receiver stored",
        kind: Kind::Counter,
        unit: "bytes",
        labels: SOURCE,
        read: |reading, samples| counted(reading, samples, "/receiver/bytes"),
    },
    Metric {
        name: "forebay_journal_bytes",
        help: "What the journal of a receiver holds",
        kind: Kind::Gauge,
        unit: "bytes",
        labels: SOURCE,
        read: |reading, samples| counted(reading, samples, "/journal/bytes"),
    },
    Metric {
        name: "forebay_journal_max_bytes",
        help: "What the journal of a receiver may hold; beyond it senders wait",
        kind: Kind::Gauge,
        unit: "bytes",
        labels: SOURCE,
        read: |reading, samples| {
            for (pipeline, source, _) in &reading.receivers {
                if let Some(bytes) = reading.facts.journals.get(*source) {
                    add(samples, &[pipeline, source], *bytes);
                }
            }
        },
    },
    Metric {
        name: "forebay_journal_records",
        help: "Records in the journal of a receiver, from the oldest that it holds",
        kind: Kind::Gauge,
        unit: "records",
        labels: SOURCE,
        read: |reading, samples| {
            each(reading, samples, |state| {
                let number = |name| state.pointer(name).and_then(Value::as_u64);
                Some(number("/journal/end")?.saturating_sub(number("/journal/first")?))
            });
        },
    },
    Metric {
        name: "forebay_journal_oldest_record_seconds",
        help: "The age of the oldest record in the journal of a receiver; absent if it is empty",
        kind: Kind::Gauge,
        unit: "seconds",
        labels: SOURCE,
        read: |reading, samples| {
            each(reading, samples, |state| {
                let received_ms = state.pointer("/journal/oldest_received_ms")?.as_u64()?;
                Some(reading.now_ms.saturating_sub(received_ms) as f64 / 1e3)
            });
        },
    },
    Metric {
        name: "forebay_journal_damaged_frames_total",
        help: "Frames of a journal that were found damaged and passed over",
        kind: Kind::Counter,
        unit: "frames",
        labels: SOURCE,
        read: |reading, samples| counted(reading, samples, "/journal/damaged_frames"),
    },
];

fn counted(reading: &Reading<'_>, samples: &mut Samples, pointer: &str) {
    each(reading, samples, |state| state.pointer(pointer)?.as_u64());
}

fn each<N: Into<Number>>(
    reading: &Reading<'_>,
    samples: &mut Samples,
    number: impl Fn(&Value) -> Option<N>,
) {
    for (pipeline, source, state) in &reading.receivers {
        if let Some(number) = number(state) {
            add(samples, &[pipeline, source], number);
        }
    }
}

//! The process as a whole.

use crate::admin::metrics::metric::{Kind, Metric};
use crate::admin::metrics::reading::add;
use crate::logs;

pub(super) const METRICS: &[Metric] = &[
    Metric {
        name: "forebay_memory_budget_bytes",
        help: "The memory that records on their way may take: in use, and in all",
        kind: Kind::Gauge,
        unit: "bytes",
        labels: &["kind"],
        read: |reading, samples| {
            add(samples, &["used"], reading.facts.budget.used());
            add(samples, &["total"], reading.facts.budget.total());
        },
    },
    Metric {
        name: "forebay_log_lines_total",
        help: "Lines of the log, by level, also those that were held back",
        kind: Kind::Counter,
        unit: "lines",
        labels: &["level"],
        read: |_, samples| {
            for (level, lines) in logs::counts().lines() {
                add(samples, &[level], lines);
            }
        },
    },
    Metric {
        name: "forebay_log_lines_held_back_total",
        help: "Lines of the log that were counted instead of written, because they said what had just been said",
        kind: Kind::Counter,
        unit: "lines",
        labels: &[],
        read: |_, samples| add(samples, &[], logs::counts().held_back()),
    },
    Metric {
        name: "forebay_build_info",
        help: "The version that runs",
        kind: Kind::Info,
        unit: "1",
        labels: &["version"],
        read: |_, samples| add(samples, &[env!("CARGO_PKG_VERSION")], 1_u64),
    },
    Metric {
        name: "process_resident_memory_bytes",
        help: "Memory of the process that is resident; absent where the system does not say",
        kind: Kind::Gauge,
        unit: "bytes",
        labels: &[],
        read: |reading, samples| {
            if let Some(bytes) = reading.process.resident_bytes {
                add(samples, &[], bytes);
            }
        },
    },
    Metric {
        name: "process_cpu_seconds_total",
        help: "Processor time of all threads of the process",
        kind: Kind::Counter,
        unit: "seconds",
        labels: &[],
        read: |reading, samples| add(samples, &[], reading.process.cpu.as_secs_f64()),
    },
    Metric {
        name: "process_start_time_seconds",
        help: "When the process began, in seconds since the Unix epoch",
        kind: Kind::Gauge,
        unit: "seconds",
        labels: &[],
        read: |reading, samples| add(samples, &[], reading.facts.started_ms as f64 / 1e3),
    },
];

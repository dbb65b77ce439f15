//! Every metric.

use forebay_core::progress::PipelineState;

use super::metric::{Kind, Metric, Number};
use super::reading::single;
use crate::run::LIMITS;

const PIPELINE: &[&str] = &["pipeline"];

const SPLIT: &[&str] = &["pipeline", "source", "split"];

/// Every metric, once. Times are in seconds and sizes in bytes.
pub(crate) const METRICS: &[Metric] = &[
    Metric {
        name: "forebay_records_read_total",
        help: "Records that were read from the sources",
        kind: Kind::Counter,
        labels: PIPELINE,
        read: |reading, samples| reading.each(samples, |view| Some(view.records)),
    },
    Metric {
        name: "forebay_bytes_read_total",
        help: "Bytes of raw records that were read from the sources",
        kind: Kind::Counter,
        labels: PIPELINE,
        read: |reading, samples| reading.each(samples, |view| Some(view.bytes)),
    },
    Metric {
        name: "forebay_rows_written_total",
        help: "Rows that were written to the sinks",
        kind: Kind::Counter,
        labels: PIPELINE,
        read: |reading, samples| reading.each(samples, |view| Some(view.rows)),
    },
    Metric {
        name: "forebay_dead_letters_total",
        help: "Records that could not be delivered and were kept as dead letters",
        kind: Kind::Counter,
        labels: PIPELINE,
        read: |reading, samples| reading.each(samples, |view| Some(view.dead_letters)),
    },
    Metric {
        name: "forebay_retries_total",
        help: "Attempts at writing beyond the first, over all sinks",
        kind: Kind::Counter,
        labels: PIPELINE,
        read: |reading, samples| reading.each(samples, |view| Some(view.retries)),
    },
    Metric {
        name: "forebay_batches_total",
        help: "Micro-batches that were written",
        kind: Kind::Counter,
        labels: PIPELINE,
        read: |reading, samples| reading.each(samples, |view| Some(view.batches)),
    },
    Metric {
        name: "forebay_limited_batches_total",
        help: "Micro-batches by what kept them from being larger",
        kind: Kind::Counter,
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
        name: "forebay_stage_seconds_total",
        help: "Time that micro-batches spent in each stage",
        kind: Kind::Counter,
        labels: &["pipeline", "stage"],
        read: |reading, samples| {
            reading.each_by(samples, |view| {
                [
                    ("read", view.stages.read_ms / 1e3),
                    ("prepare", view.stages.prepare_ms / 1e3),
                    ("write", view.stages.write_ms / 1e3),
                    ("commit", view.stages.commit_ms / 1e3),
                ]
            });
        },
    },
    Metric {
        name: "forebay_batch_processing_seconds",
        help: "Time that reading, decoding, writing and committing a micro-batch took",
        kind: Kind::Histogram,
        labels: PIPELINE,
        read: |reading, samples| reading.each(samples, |view| Some(Number::from(&view.processing))),
    },
    Metric {
        name: "forebay_batch_scheduling_delay_seconds",
        help: "Time from when a micro-batch was due until its processing began",
        kind: Kind::Histogram,
        labels: PIPELINE,
        read: |reading, samples| {
            reading.each(samples, |view| Some(Number::from(&view.scheduling_delay)))
        },
    },
    Metric {
        name: "forebay_committed_batch",
        help: "The last micro-batch that is durable and committed; absent until there is one",
        kind: Kind::Gauge,
        labels: PIPELINE,
        read: |reading, samples| reading.each(samples, |view| view.committed),
    },
    Metric {
        name: "forebay_pipeline_state",
        help: "1 for the state in which the pipeline is, 0 for the others",
        kind: Kind::Gauge,
        labels: &["pipeline", "state"],
        read: |reading, samples| {
            reading.each_by(samples, |view| {
                let now = state(&view.state);
                STATES.map(|state| (state, state == now))
            });
        },
    },
    Metric {
        name: "forebay_rate_limit_records_per_second",
        help: "The rate in force for the last micro-batch; absent if there was no limit",
        kind: Kind::Gauge,
        labels: PIPELINE,
        read: |reading, samples| reading.each(samples, |view| view.last()?.rate),
    },
    Metric {
        name: "forebay_backlog_records",
        help: "Records that wait at the sources; absent if no source can say",
        kind: Kind::Gauge,
        labels: PIPELINE,
        read: |reading, samples| reading.each(samples, crate::run::PipelineView::backlog),
    },
    Metric {
        name: "forebay_split_records_read_total",
        help: "Records that were read from a split; only with `[gateway] split_series`",
        kind: Kind::Counter,
        labels: SPLIT,
        read: |reading, samples| reading.each_split(samples, |split| Some(split.total_records)),
    },
    Metric {
        name: "forebay_split_backlog_records",
        help: "Records that wait in a split, if its source can say; only with `[gateway] split_series`",
        kind: Kind::Gauge,
        labels: SPLIT,
        read: |reading, samples| reading.each_split(samples, |split| split.last.lag),
    },
    Metric {
        name: "forebay_split_granted_records",
        help: "Records that the last micro-batch might take from a split; only with `[gateway] split_series`",
        kind: Kind::Gauge,
        labels: SPLIT,
        read: |reading, samples| reading.each_split(samples, |split| Some(split.last.granted)),
    },
    Metric {
        name: "forebay_splits_left_out",
        help: "Splits beyond `[gateway] split_series`, which have no numbers of their own",
        kind: Kind::Gauge,
        labels: PIPELINE,
        read: |reading, samples| reading.each(samples, |view| reading.splits_left_out(view)),
    },
    Metric {
        name: "forebay_memory_budget_bytes",
        help: "The memory that records on their way may take: in use, and in all",
        kind: Kind::Gauge,
        labels: &["kind"],
        read: |reading, samples| {
            single(samples, &["used"], reading.facts.budget.used());
            single(samples, &["total"], reading.facts.budget.total());
        },
    },
    Metric {
        name: "forebay_build_info",
        help: "The version that runs",
        kind: Kind::Info,
        labels: &["version"],
        read: |_, samples| single(samples, &[env!("CARGO_PKG_VERSION")], 1),
    },
    Metric {
        name: "process_resident_memory_bytes",
        help: "Memory of the process that is resident; absent where the system does not say",
        kind: Kind::Gauge,
        labels: &[],
        read: |reading, samples| {
            if let Some(bytes) = reading.process.resident_bytes {
                single(samples, &[], bytes);
            }
        },
    },
    Metric {
        name: "process_cpu_seconds_total",
        help: "Processor time of all threads of the process",
        kind: Kind::Counter,
        labels: &[],
        read: |reading, samples| single(samples, &[], reading.process.cpu.as_secs_f64()),
    },
    Metric {
        name: "process_start_time_seconds",
        help: "When the process began, in seconds since the Unix epoch",
        kind: Kind::Gauge,
        labels: &[],
        read: |reading, samples| single(samples, &[], reading.facts.started_ms as f64 / 1e3),
    },
];

/// The states of a pipeline.
const STATES: [&str; 7] =
    ["starting", "running", "paused", "waiting", "draining", "stopped", "failed"];

fn state(state: &PipelineState) -> &'static str {
    match state {
        PipelineState::Starting => "starting",
        PipelineState::Running => "running",
        PipelineState::Paused => "paused",
        PipelineState::Waiting { .. } => "waiting",
        PipelineState::Draining => "draining",
        PipelineState::Stopped => "stopped",
        PipelineState::Failed { .. } => "failed",
    }
}

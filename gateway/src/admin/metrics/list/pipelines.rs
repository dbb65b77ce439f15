//! What a pipeline moved, and how long that took.

use forebay_core::engine::window::BatchStage;
use forebay_core::progress::PipelineState;

use super::PIPELINE;
use crate::admin::metrics::metric::{Kind, Metric, Number};
use crate::admin::metrics::reading::add;
use crate::run::PipelineView;

pub(super) const METRICS: &[Metric] = &[
    Metric {
        name: "forebay_records_read_total",
        help: "Records that were read from the sources",
        kind: Kind::Counter,
        unit: "records",
        labels: PIPELINE,
        read: |reading, samples| reading.each(samples, |view| Some(view.records)),
    },
    Metric {
        name: "forebay_bytes_read_total",
        help: "Bytes of raw records that were read from the sources",
        kind: Kind::Counter,
        unit: "bytes",
        labels: PIPELINE,
        read: |reading, samples| reading.each(samples, |view| Some(view.bytes)),
    },
    Metric {
        name: "forebay_rows_written_total",
        help: "Rows that were written to the sinks",
        kind: Kind::Counter,
        unit: "rows",
        labels: PIPELINE,
        read: |reading, samples| reading.each(samples, |view| Some(view.rows)),
    },
    Metric {
        name: "forebay_dead_letters_total",
        help: "Records that could not be delivered and were kept as dead letters",
        kind: Kind::Counter,
        unit: "records",
        labels: PIPELINE,
        read: |reading, samples| reading.each(samples, |view| Some(view.dead_letters)),
    },
    Metric {
        name: "forebay_retries_total",
        help: "Attempts at writing beyond the first, over all sinks",
        kind: Kind::Counter,
        unit: "attempts",
        labels: PIPELINE,
        read: |reading, samples| reading.each(samples, |view| Some(view.retries)),
    },
    Metric {
        name: "forebay_batches_total",
        help: "Micro-batches that were written",
        kind: Kind::Counter,
        unit: "batches",
        labels: PIPELINE,
        read: |reading, samples| reading.each(samples, |view| Some(view.batches)),
    },
    Metric {
        name: "forebay_batches_under_way",
        help: "Micro-batches between being read and being committed, by what is done with them now",
        kind: Kind::Gauge,
        unit: "batches",
        labels: &["pipeline", "stage"],
        read: |reading, samples| {
            for (pipeline, window) in &reading.facts.windows {
                let batches = window.under_way();
                for stage in BatchStage::ALL {
                    let count = batches.iter().filter(|batch| batch.stage == stage).count();
                    add(samples, &[pipeline, stage.as_str()], count as u64);
                }
            }
        },
    },
    Metric {
        name: "forebay_stage_seconds_total",
        help: "Time that micro-batches spent in each stage",
        kind: Kind::Counter,
        unit: "seconds",
        labels: &["pipeline", "stage"],
        read: |reading, samples| {
            reading.each_by(samples, |view| {
                let stages = &view.stages;
                [
                    ("read", stages.read_ms / 1e3),
                    ("decode", (stages.prepare_ms - stages.transform_ms).max(0.0) / 1e3),
                    ("transform", stages.transform_ms / 1e3),
                    ("write", stages.write_ms / 1e3),
                    ("commit", stages.commit_ms / 1e3),
                ]
            });
        },
    },
    Metric {
        name: "forebay_batch_processing_seconds",
        help: "Time that reading, decoding, writing and committing a micro-batch took",
        kind: Kind::Histogram,
        unit: "seconds",
        labels: PIPELINE,
        read: |reading, samples| reading.each(samples, |view| Some(Number::from(&view.processing))),
    },
    Metric {
        name: "forebay_batch_scheduling_delay_seconds",
        help: "Time from when a micro-batch was due until its processing began",
        kind: Kind::Histogram,
        unit: "seconds",
        labels: PIPELINE,
        read: |reading, samples| {
            reading.each(samples, |view| Some(Number::from(&view.scheduling_delay)))
        },
    },
    Metric {
        name: "forebay_batch_total_delay_seconds",
        help: "Time from when a micro-batch was due until it was committed",
        kind: Kind::Histogram,
        unit: "seconds",
        labels: PIPELINE,
        read: |reading, samples| {
            reading.each(samples, |view| Some(Number::from(&view.total_delay)));
        },
    },
    Metric {
        name: "forebay_committed_batch",
        help: "The last micro-batch that is durable and committed; absent until there is one",
        kind: Kind::Gauge,
        unit: "number of a batch",
        labels: PIPELINE,
        read: |reading, samples| reading.each(samples, |view| view.committed),
    },
    Metric {
        name: "forebay_last_batch_time_seconds",
        help: "When the last micro-batch was complete, in seconds since the Unix epoch; absent until there is one",
        kind: Kind::Gauge,
        unit: "seconds",
        labels: PIPELINE,
        read: |reading, samples| {
            reading.each(samples, |view| Some(view.last()?.time_ms as f64 / 1e3));
        },
    },
    Metric {
        name: "forebay_pipeline_state",
        help: "1 for the state in which the pipeline is, 0 for the others",
        kind: Kind::Gauge,
        unit: "0 or 1",
        labels: &["pipeline", "state"],
        read: |reading, samples| {
            reading.each_by(samples, |view| {
                let now = word(&view.state);
                STATES.map(|state| (state, state == now))
            });
        },
    },
    Metric {
        name: "forebay_pipeline_state_since_seconds",
        help: "When the pipeline entered its state, in seconds since the Unix epoch",
        kind: Kind::Gauge,
        unit: "seconds",
        labels: PIPELINE,
        read: |reading, samples| {
            reading.each(samples, |view| (view.since_ms > 0).then(|| view.since_ms as f64 / 1e3));
        },
    },
    Metric {
        name: "forebay_pipeline_last_error_time_seconds",
        help: "When the pipeline last waited for a component or failed, in seconds since the Unix epoch; absent if it never did",
        kind: Kind::Gauge,
        unit: "seconds",
        labels: PIPELINE,
        read: |reading, samples| {
            reading.each(samples, |view| Some(view.last_error.as_ref()?.time_ms as f64 / 1e3));
        },
    },
    Metric {
        name: "forebay_backlog_records",
        help: "Records that wait at the sources; absent if no source can say",
        kind: Kind::Gauge,
        unit: "records",
        labels: PIPELINE,
        read: |reading, samples| reading.each(samples, PipelineView::backlog),
    },
    Metric {
        name: "forebay_backlog_oldest_seconds",
        help: "How long the record had waited that had waited longest, when the last micro-batch was read; absent if no source can say",
        kind: Kind::Gauge,
        unit: "seconds",
        labels: PIPELINE,
        read: |reading, samples| {
            reading.each(samples, |view| Some(view.splits.oldest_ms()? as f64 / 1e3));
        },
    },
    Metric {
        name: "forebay_backlog_drain_seconds",
        help: "The time in which the backlog is gone if it goes on shrinking as it does; absent if it does not shrink",
        kind: Kind::Gauge,
        unit: "seconds",
        labels: PIPELINE,
        read: |reading, samples| {
            reading.each(samples, |view| view.drains_in_seconds(reading.now_ms));
        },
    },
];

/// The states of a pipeline.
const STATES: [&str; 7] =
    ["starting", "running", "paused", "waiting", "draining", "stopped", "failed"];

fn word(state: &PipelineState) -> &'static str {
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

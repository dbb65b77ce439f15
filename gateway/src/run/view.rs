//! What is known of one pipeline.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use forebay_core::batch::BatchId;
use forebay_core::progress::{LimitedBy, PipelineState, Progress, Stages};
use serde::Serialize;

use super::deliveries::{self, Deliveries, DeliverySummary, Trouble};
use super::histogram::Histogram;
use super::splits::Splits;
use super::timeline::Timeline;

/// How many batches are remembered, per pipeline.
pub(super) const RECENT: usize = 240;

/// The steps of the recent timeline, in milliseconds, and how many are kept: a quarter of an hour.
const SECONDS: (u64, usize) = (1_000, 900);

/// The steps of the long timeline, in milliseconds, and how many are kept: a day.
const MINUTES: (u64, usize) = (60_000, 1_440);

/// Up to so many splits the backlog is summed up for each batch, beyond once a second.
const FEW_SPLITS: usize = 256;

/// How many changes of state are remembered.
const CHANGES: usize = 64;

/// What can keep a batch from being larger, in the order of [`PipelineView::limited`].
pub const LIMITS: [LimitedBy; 5] = [
    LimitedBy::Available,
    LimitedBy::Configured,
    LimitedBy::Controller,
    LimitedBy::BatchSize,
    LimitedBy::Memory,
];

/// What is known of one pipeline, in a bounded amount of memory.
#[derive(Clone, Debug, Serialize)]
pub struct PipelineView {
    /// Its state.
    #[serde(flatten)]
    pub state: PipelineState,
    /// Batches since the start of the process.
    pub batches: u64,
    /// Records that were read since the start of the process.
    pub records: u64,
    /// Bytes of raw records that were read since the start of the process.
    pub bytes: u64,
    /// Rows that were written since the start of the process.
    pub rows: u64,
    /// Records that became dead letters since the start of the process.
    pub dead_letters: u64,
    /// Attempts beyond the first since the start of the process.
    pub retries: u64,
    /// The last batch that is durable and committed.
    pub committed: Option<BatchId>,
    /// Time by stage of all batches since the start of the process.
    pub stages: Stages,
    /// How many batches were kept from being larger, by what, in the order of [`LIMITS`].
    #[serde(skip)]
    pub limited: [u64; LIMITS.len()],
    /// How long batches took.
    #[serde(skip)]
    pub processing: Histogram,
    /// How long batches waited for their processing.
    #[serde(skip)]
    pub scheduling_delay: Histogram,
    /// How long it took from when batches were due until they were committed.
    #[serde(skip)]
    pub total_delay: Histogram,
    /// What was last heard of each split.
    #[serde(skip)]
    pub splits: Splits,
    /// The last batches, the newest last.
    #[serde(skip)]
    pub recent: VecDeque<Arc<Progress>>,
    /// The last quarter of an hour, second by second.
    #[serde(skip)]
    pub seconds: Timeline,
    /// The last day, minute by minute.
    #[serde(skip)]
    pub minutes: Timeline,
    /// How the sinks did, by sink.
    #[serde(skip)]
    pub deliveries: Deliveries,
    /// What it last waited for or failed at.
    pub last_error: Option<Trouble>,
    /// When it entered its state, in milliseconds since the Unix epoch.
    pub since_ms: u64,
    /// The states before, with the times at which they began; the newest last.
    #[serde(skip)]
    pub changes: VecDeque<(u64, PipelineState)>,
    /// The backlog, and the second in which it was summed up.
    #[serde(skip)]
    pub(super) backlog: (u64, Option<u64>),
}

impl Default for PipelineView {
    fn default() -> Self {
        Self {
            state: PipelineState::Starting,
            batches: 0,
            records: 0,
            bytes: 0,
            rows: 0,
            dead_letters: 0,
            retries: 0,
            committed: None,
            stages: Stages::default(),
            limited: [0; LIMITS.len()],
            processing: Histogram::default(),
            scheduling_delay: Histogram::default(),
            total_delay: Histogram::default(),
            splits: Splits::default(),
            recent: VecDeque::new(),
            seconds: Timeline::new(SECONDS.0, SECONDS.1),
            minutes: Timeline::new(MINUTES.0, MINUTES.1),
            deliveries: Deliveries::new(),
            last_error: None,
            since_ms: 0,
            changes: VecDeque::new(),
            backlog: (0, None),
        }
    }
}

impl PipelineView {
    /// The last batch.
    #[must_use]
    pub fn last(&self) -> Option<&Progress> {
        self.recent.back().map(AsRef::as_ref)
    }

    /// How the sinks did, by sink.
    #[must_use]
    pub fn delivery_summaries(&self) -> BTreeMap<Arc<str>, DeliverySummary> {
        let told = self.deliveries.iter().map(|(sink, it)| (sink.clone(), it.summary()));
        told.collect()
    }

    /// Records per second of late.
    #[must_use]
    pub fn records_per_second(&self, now_ms: u64) -> f64 {
        self.seconds.per_second(now_ms, |moment| moment.records)
    }

    /// The time in which the backlog is gone if it goes on shrinking as it does, in seconds; `None`
    /// if it does not shrink, or that is not known.
    #[must_use]
    pub fn drains_in_seconds(&self, now_ms: u64) -> Option<f64> {
        match (self.backlog()?, self.seconds.backlog_growth(now_ms)) {
            (0, _) => Some(0.0),
            (backlog, Some(growth)) if growth < 0.0 => Some(backlog as f64 / -growth),
            _ => None,
        }
    }

    /// Records that wait at the sources, as far as they are known.
    #[must_use]
    pub fn backlog(&self) -> Option<u64> {
        self.splits.backlog()
    }

    /// Enters a state.
    pub(super) fn enter(&mut self, state: &PipelineState, now_ms: u64) {
        let trouble = match state {
            PipelineState::Waiting { component, reason } => {
                Some((component.as_str().into(), reason.clone()))
            }
            PipelineState::Failed { reason } => Some(("pipeline".into(), reason.clone())),
            _ => None,
        };
        if let Some((component, reason)) = trouble {
            self.last_error = Some(Trouble { time_ms: now_ms, component, reason });
        }
        self.state = state.clone();
        self.since_ms = now_ms;
        if self.changes.len() == CHANGES {
            self.changes.pop_front();
        }
        self.changes.push_back((now_ms, state.clone()));
    }

    /// Takes up a batch; `short` is what is remembered of it.
    pub(super) fn add(&mut self, progress: &Progress, short: &Arc<Progress>) {
        self.batches += 1;
        self.records += progress.records;
        self.bytes += progress.bytes;
        self.rows += progress.rows;
        self.dead_letters += progress.dead_letters;
        self.retries += progress.retries;
        self.stages.read_ms += progress.stages.read_ms;
        self.stages.transform_ms += progress.stages.transform_ms;
        self.stages.prepare_ms += progress.stages.prepare_ms;
        self.stages.write_ms += progress.stages.write_ms;
        self.stages.commit_ms += progress.stages.commit_ms;
        if let Some(slot) = LIMITS.iter().position(|limit| *limit == progress.limited_by) {
            self.limited[slot] += 1;
        }
        self.processing.observe(progress.processing_ms / 1e3);
        self.scheduling_delay.observe(progress.scheduling_delay_ms / 1e3);
        self.total_delay.observe((progress.processing_ms + progress.scheduling_delay_ms) / 1e3);
        self.splits.add(progress);
        deliveries::add(&mut self.deliveries, progress);
        let second = progress.time_ms / 1_000;
        if self.splits.len() <= FEW_SPLITS || self.backlog.0 != second {
            self.backlog = (second, self.splits.backlog());
        }
        self.seconds.add(progress, self.backlog.1);
        self.minutes.add(progress, self.backlog.1);
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(short.clone());
    }
}

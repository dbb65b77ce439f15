//! What is known of one pipeline.

use std::collections::VecDeque;
use std::sync::Arc;

use forebay_core::batch::BatchId;
use forebay_core::progress::{LimitedBy, PipelineState, Progress, Stages};
use serde::Serialize;

use super::histogram::Histogram;
use super::splits::Splits;

/// How many batches are remembered, per pipeline.
pub(super) const RECENT: usize = 240;

/// The time over which rates are counted, in milliseconds.
const WINDOW_MS: u64 = 5_000;

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
    /// What was last heard of each split.
    #[serde(skip)]
    pub splits: Splits,
    /// The last batches, the newest last.
    #[serde(skip)]
    pub recent: VecDeque<Arc<Progress>>,
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
            splits: Splits::default(),
            recent: VecDeque::new(),
        }
    }
}

impl PipelineView {
    /// The last batch.
    #[must_use]
    pub fn last(&self) -> Option<&Progress> {
        self.recent.back().map(AsRef::as_ref)
    }

    /// Records per second over the last seconds before `now_ms`.
    #[must_use]
    pub fn records_per_second(&self, now_ms: u64) -> f64 {
        let begin = now_ms.saturating_sub(WINDOW_MS);
        let within: Vec<&Arc<Progress>> =
            self.recent.iter().filter(|progress| progress.time_ms > begin).collect();
        let records: u64 = within.iter().map(|progress| progress.records).sum();
        // A pipeline that just began has not run for the whole window yet.
        let first = self.recent.front().map_or(now_ms, |progress| progress.time_ms);
        let since = now_ms.saturating_sub(first.max(begin)).clamp(1_000, WINDOW_MS);
        records as f64 * 1e3 / since as f64
    }

    /// Records that wait at the sources, as far as they are known.
    #[must_use]
    pub fn backlog(&self) -> Option<u64> {
        self.splits.backlog()
    }

    pub(super) fn add(&mut self, progress: &Arc<Progress>) {
        self.batches += 1;
        self.records += progress.records;
        self.bytes += progress.bytes;
        self.rows += progress.rows;
        self.dead_letters += progress.dead_letters;
        self.retries += progress.retries;
        self.stages.read_ms += progress.stages.read_ms;
        self.stages.prepare_ms += progress.stages.prepare_ms;
        self.stages.write_ms += progress.stages.write_ms;
        self.stages.commit_ms += progress.stages.commit_ms;
        if let Some(slot) = LIMITS.iter().position(|limit| *limit == progress.limited_by) {
            self.limited[slot] += 1;
        }
        self.processing.observe(progress.processing_ms / 1e3);
        self.scheduling_delay.observe(progress.scheduling_delay_ms / 1e3);
        self.splits.add(progress);
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(progress.clone());
    }
}

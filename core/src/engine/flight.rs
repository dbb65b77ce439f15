//! A batch between being read and being written.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::batch::Rows;
use crate::budget::Reservation;
use crate::checkpoint::Plan;
use crate::dead_letter::DeadLetter;
use crate::flow::Observation;
use crate::progress::{LimitedBy, Progress, SplitProgress, Stages};
use crate::split::SplitId;
use crate::transform::Snapshot;

use super::decoding::Decoded;
use super::inputs::{Reading, SplitReading};

/// A batch between being read and being written.
pub(super) struct Flight {
    pub(super) plan: Plan,
    pub(super) stage: Stage,
    /// Dead letters so far.
    pub(super) letters: Vec<DeadLetter>,
    /// The transform's state after this batch.
    pub(super) snapshot: Option<Arc<dyn Snapshot>>,
    pub(super) times: Times,
    /// When it was due, in milliseconds since the Unix epoch.
    due_ms: u64,
    rate: Option<f64>,
    limited_by: LimitedBy,
    limited_by_controller: bool,
    splits: HashMap<(Arc<str>, SplitId), SplitReading>,
    /// Held until the batch is written.
    _reservation: Option<Reservation>,
}

/// How far it is.
pub(super) enum Stage {
    Decoding,
    Decoded(Decoded),
    Transforming,
    Ready(Vec<Rows>),
    Writing,
}

/// How long each stage took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    pub(super) read: Duration,
    pub(super) prepare: Duration,
    pub(super) write: Duration,
    pub(super) commit: Duration,
}

/// What writing adds to the story of a batch.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Result {
    pub(super) time_ms: u64,
    pub(super) rows: u64,
    pub(super) letters: u64,
    pub(super) retries: u64,
}

impl Flight {
    /// Bytes of raw records.
    pub(super) fn bytes(&self) -> u64 {
        self.plan.ranges.iter().map(|range| range.bytes).sum()
    }

    pub(super) fn new(plan: Plan, reading: Reading, due_ms: u64) -> Self {
        Self {
            plan,
            stage: Stage::Decoding,
            letters: Vec::new(),
            snapshot: None,
            times: Times { read: reading.took, ..Times::default() },
            due_ms,
            rate: reading.rate,
            limited_by: reading.limited_by,
            limited_by_controller: reading.limited_by_controller,
            splits: reading.splits,
            _reservation: reading.reservation,
        }
    }

    fn records(&self) -> u64 {
        self.plan.ranges.iter().map(|range| range.records).sum()
    }

    fn processing(&self) -> Duration {
        self.times.read + self.times.prepare + self.times.write + self.times.commit
    }

    /// What listeners are told of the batch.
    pub(super) fn progress(&self, pipeline: &Arc<str>, result: Result) -> Progress {
        let processing_ms = millis(self.processing());
        let total_ms = result.time_ms.saturating_sub(self.due_ms) as f64;
        Progress {
            pipeline: pipeline.clone(),
            batch: self.plan.batch,
            time_ms: result.time_ms,
            records: self.records(),
            bytes: self.plan.ranges.iter().map(|range| range.bytes).sum(),
            processing_ms,
            scheduling_delay_ms: (total_ms - processing_ms).max(0.0),
            rate: self.rate,
            limited_by: self.limited_by,
            stages: Stages {
                read_ms: millis(self.times.read),
                prepare_ms: millis(self.times.prepare),
                write_ms: millis(self.times.write),
                commit_ms: millis(self.times.commit),
            },
            rows: result.rows,
            dead_letters: result.letters,
            retries: result.retries,
            splits: self.split_progress(),
        }
    }

    fn split_progress(&self) -> Vec<SplitProgress> {
        let of_range = |range: &crate::Range| {
            let reading = self.splits.get(&(range.source.clone(), range.split.clone()));
            SplitProgress {
                source: range.source.clone(),
                split: range.split.clone(),
                from: range.from.clone(),
                until: range.until.clone(),
                records: range.records,
                granted: reading.map_or(range.records, |split| split.granted),
                lag: reading
                    .and_then(|split| split.backlog)
                    .map(|backlog| backlog.saturating_sub(range.records)),
            }
        };
        let mut splits: Vec<SplitProgress> = self.plan.ranges.iter().map(of_range).collect();
        if splits.len() > Progress::MAX_SPLITS {
            splits.sort_by_key(|split| std::cmp::Reverse(split.records));
            splits.truncate(Progress::MAX_SPLITS);
        }
        splits
    }

    /// What the controller learns from the batch.
    pub(super) fn observation(&self, progress: &Progress) -> Observation {
        Observation {
            time_ms: progress.time_ms as f64,
            records: progress.records as f64,
            processing_ms: progress.processing_ms,
            scheduling_delay_ms: progress.scheduling_delay_ms,
            limited: self.limited_by_controller,
        }
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

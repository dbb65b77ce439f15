//! A batch between being read and being written.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use crate::batch::Rows;
use crate::budget::Reservation;
use crate::checkpoint::Plan;
use crate::dead_letter::DeadLetter;
use crate::flow::Observation;
use crate::progress::{LimitedBy, Progress, SplitProgress, Stages, Tokens};
use crate::split::SplitId;
use crate::transform::Snapshot;

use super::decoding::Decoded;
use super::reading::{Reading, SplitReading};

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
    tokens: Vec<Tokens>,
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
    /// The part of `prepare` that transforming took.
    pub(super) transform: Duration,
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
            tokens: reading.tokens,
            splits: reading.splits,
            _reservation: reading.reservation,
        }
    }

    pub(super) fn records(&self) -> u64 {
        self.plan.ranges.iter().map(|range| range.records).sum()
    }

    fn processing(&self) -> Duration {
        self.times.read + self.times.prepare + self.times.write + self.times.commit
    }

    /// What listeners are told of the batch.
    pub(super) fn progress(&self, pipeline: &Arc<str>, result: Result) -> Progress {
        let processing_ms = millis(self.processing());
        let total_ms = result.time_ms.saturating_sub(self.due_ms) as f64;
        let (splits, other_splits) = self.split_progress();
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
                transform_ms: millis(self.times.transform),
                write_ms: millis(self.times.write),
                commit_ms: millis(self.times.commit),
            },
            rows: result.rows,
            dead_letters: result.letters,
            retries: result.retries,
            sinks: Vec::new(),
            control: None,
            tokens: self.tokens.clone(),
            splits,
            other_splits,
        }
    }

    /// The largest splits of the batch, and all others.
    fn split_progress(&self) -> (Vec<SplitProgress>, Vec<SplitProgress>) {
        let ranges = &self.plan.ranges;
        let mut splits: Vec<SplitProgress> = ranges.iter().map(|it| self.of_range(it)).collect();
        let mut others = Vec::new();
        if splits.len() > Progress::MAX_SPLITS {
            splits.sort_by_key(|split| std::cmp::Reverse(split.records));
            others = splits.split_off(Progress::MAX_SPLITS);
        }
        if self.splits.len() > ranges.len() {
            let read: HashSet<_> = ranges.iter().map(|it| (&it.source, &it.split)).collect();
            let idle = self.splits.iter().filter(|((a, b), _)| !read.contains(&(a, b)));
            others.extend(idle.map(|(key, split)| idle_split(key, split)));
        }
        (splits, others)
    }

    fn of_range(&self, range: &crate::Range) -> SplitProgress {
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
            oldest_ms: reading.and_then(|split| split.oldest_ms),
            end: reading.and_then(|split| split.end.clone()),
            generation: range.generation,
        }
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

/// A split that could have been read and gave nothing.
fn idle_split((source, split): &(Arc<str>, SplitId), reading: &SplitReading) -> SplitProgress {
    SplitProgress {
        source: source.clone(),
        split: split.clone(),
        from: reading.next.clone(),
        until: reading.next.clone(),
        records: 0,
        granted: reading.granted,
        lag: reading.backlog,
        oldest_ms: reading.oldest_ms,
        end: reading.end.clone(),
        generation: reading.generation,
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

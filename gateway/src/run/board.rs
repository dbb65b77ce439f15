//! What is known of all pipelines now.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use forebay_core::batch::BatchId;
use forebay_core::progress::{Event, Listener, PipelineState, Progress};
use serde::Serialize;

/// How many batches are remembered, per pipeline.
const RECENT: usize = 240;

/// The time over which rates are counted, in milliseconds.
const WINDOW_MS: u64 = 5_000;

/// Gathers what listeners hear of all pipelines, for the terminal and the admin address.
#[derive(Debug, Default)]
pub struct Board {
    pipelines: Mutex<BTreeMap<Arc<str>, PipelineView>>,
}

/// What is known of one pipeline.
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
        let last = self.last()?;
        last.splits.iter().filter_map(|split| split.lag).reduce(|sum, lag| sum + lag)
    }

    fn add(&mut self, progress: &Arc<Progress>) {
        self.batches += 1;
        self.records += progress.records;
        self.bytes += progress.bytes;
        self.rows += progress.rows;
        self.dead_letters += progress.dead_letters;
        self.retries += progress.retries;
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(progress.clone());
    }
}

impl Board {
    /// A board that knows these pipelines and nothing of them yet.
    #[must_use]
    pub fn new<'a>(pipelines: impl IntoIterator<Item = &'a Arc<str>>) -> Self {
        let views = pipelines.into_iter().map(|name| (name.clone(), PipelineView::default()));
        Self { pipelines: Mutex::new(views.collect()) }
    }

    /// Looks at all pipelines, by name.
    pub fn look<T>(&self, look: impl FnOnce(&BTreeMap<Arc<str>, PipelineView>) -> T) -> T {
        look(&self.pipelines.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, pipeline: &Arc<str>, change: impl FnOnce(&mut PipelineView)) {
        let mut pipelines = self.pipelines.lock().unwrap_or_else(PoisonError::into_inner);
        change(pipelines.entry(pipeline.clone()).or_default());
    }
}

impl Listener for Board {
    fn on_event(&self, event: &Event) {
        match event {
            Event::State { pipeline, state } => {
                self.change(pipeline, |view| view.state = state.clone());
            }
            Event::Progress(progress) => {
                self.change(&progress.pipeline, |view| view.add(progress));
            }
            Event::Committed { pipeline, upto } => {
                self.change(pipeline, |view| view.committed = Some(*upto));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(batch: u64, time_ms: u64, records: u64) -> Event {
        let pipeline: Arc<str> = "orders".into();
        Event::Progress(Arc::new(Progress {
            pipeline,
            batch,
            time_ms,
            records,
            ..Progress::default()
        }))
    }

    #[test]
    fn rates_are_counted_over_the_last_seconds_and_memory_is_bounded() {
        let board = Board::default();
        for batch in 1..=1_000 {
            board.on_event(&progress(batch, batch * 500, 100));
        }
        board.look(|pipelines| {
            let view = &pipelines["orders"];
            assert_eq!((view.batches, view.records, view.recent.len()), (1_000, 100_000, RECENT));
            let rate = view.records_per_second(500_000);
            assert!((190.0..=210.0).contains(&rate), "{rate}");
            assert!(view.records_per_second(600_000).abs() < 1e-9, "nothing for a long time");
        });
    }
}

//! What is known of all pipelines now.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use forebay_core::clock::{Clock, SystemClock};
use forebay_core::progress::{Event, Listener, Progress};
use tokio::sync::broadcast;

use super::view::PipelineView;

/// How many events wait for a follower that is slow; older ones are dropped.
const EVENTS: usize = 256;

/// Gathers what listeners hear of all pipelines, for the terminal and the admin address.
pub struct Board {
    pipelines: Mutex<BTreeMap<Arc<str>, PipelineView>>,
    followers: broadcast::Sender<Event>,
    clock: Arc<dyn Clock>,
}

impl Default for Board {
    fn default() -> Self {
        Self {
            pipelines: Mutex::default(),
            followers: broadcast::Sender::new(EVENTS),
            clock: SystemClock::shared(),
        }
    }
}

impl Board {
    /// A board that knows these pipelines and nothing of them yet.
    #[must_use]
    pub fn new<'a>(pipelines: impl IntoIterator<Item = &'a Arc<str>>) -> Self {
        let views = pipelines.into_iter().map(|name| (name.clone(), PipelineView::default()));
        Self { pipelines: Mutex::new(views.collect()), ..Self::default() }
    }

    /// Looks at all pipelines, by name.
    pub fn look<T>(&self, look: impl FnOnce(&BTreeMap<Arc<str>, PipelineView>) -> T) -> T {
        look(&self.pipelines.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Hears of every event from now on. Whoever is slow misses the oldest, and is told how many.
    #[must_use]
    pub fn follow(&self) -> broadcast::Receiver<Event> {
        self.followers.subscribe()
    }

    fn change(&self, pipeline: &Arc<str>, change: impl FnOnce(&mut PipelineView)) {
        let mut pipelines = self.pipelines.lock().unwrap_or_else(PoisonError::into_inner);
        change(pipelines.entry(pipeline.clone()).or_default());
    }
}

impl Listener for Board {
    fn on_event(&self, event: &Event) {
        let mut kept = event.clone();
        match event {
            Event::State { pipeline, state } => {
                let now_ms = self.clock.now_ms();
                self.change(pipeline, |view| view.enter(state, now_ms));
            }
            Event::Progress(progress) => {
                let short = shortened(progress);
                self.change(&progress.pipeline, |view| view.add(progress, &short));
                kept = Event::Progress(short);
            }
            Event::Committed { pipeline, upto } => {
                self.change(pipeline, |view| view.committed = Some(*upto));
            }
        }
        // Without followers there is nobody to tell.
        let _ = self.followers.send(kept);
    }
}

/// A progress as it is remembered and sent on: the splits beyond the largest, which may be
/// thousands, are in the view of the splits alone.
fn shortened(progress: &Arc<Progress>) -> Arc<Progress> {
    if progress.other_splits.is_empty() {
        return progress.clone();
    }
    let others = Vec::new();
    Arc::new(Progress { other_splits: others, ..Progress::clone(progress) })
}

impl fmt::Debug for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Board").field("pipelines", &self.pipelines).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::view::RECENT;
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
            assert_eq!((view.limited[0], view.processing.count()), (1_000, 1_000));
            let rate = view.records_per_second(500_000);
            assert!((190.0..=210.0).contains(&rate), "{rate}");
            assert!(view.records_per_second(600_000).abs() < 1e-9, "nothing for a long time");
        });
    }

    #[test]
    fn a_slow_follower_misses_the_oldest_and_knows_how_many() {
        let board = Board::default();
        let mut follower = board.follow();
        for batch in 0..EVENTS as u64 + 10 {
            board.on_event(&progress(batch, batch, 1));
        }
        let missed = follower.try_recv().unwrap_err();
        assert!(matches!(missed, broadcast::error::TryRecvError::Lagged(10)), "{missed}");
        assert!(matches!(follower.try_recv(), Ok(Event::Progress(next)) if next.batch == 10));
    }
}

//! Sampling the records that pass a stage.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{Sample, Window};

/// How many may sample one pipeline at a time.
const MAX_TAPS: usize = 4;

/// How many samples wait for one who takes them slowly; others pass unseen.
const WAITING: usize = 32;

/// The least time between two batches that are sampled for one who samples: small batches may
/// come by the thousand.
const PAUSE: Duration = Duration::from_millis(20);

/// A point on the way of a record at which it can be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TapStage {
    /// As it was read: its bytes.
    Read,
    /// As the format understood it: its columns.
    Decoded,
    /// As the sinks are given it.
    Transformed,
    /// Refused, and why.
    DeadLetter,
}

impl TapStage {
    /// All of them, in the order of a record's way.
    pub const ALL: [Self; 4] = [Self::Read, Self::Decoded, Self::Transformed, Self::DeadLetter];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Decoded => "decoded",
            Self::Transformed => "transformed",
            Self::DeadLetter => "dead-letter",
        }
    }
}

/// Samples of the records that pass a stage, from when it was made until it is dropped.
#[derive(Debug)]
pub struct Tap {
    window: Window,
    number: u64,
    samples: mpsc::Receiver<Sample>,
}

/// Those who sample.
#[derive(Debug, Default)]
pub(super) struct Taps {
    /// How many there are, to be asked without a lock.
    count: AtomicUsize,
    list: Mutex<List>,
}

#[derive(Debug, Default)]
struct List {
    next: u64,
    ends: Vec<End>,
}

/// The pipeline's end of a tap.
#[derive(Debug)]
struct End {
    number: u64,
    stage: TapStage,
    samples: mpsc::Sender<Sample>,
    not_before: Instant,
}

impl Tap {
    pub(super) fn open(window: &Window, stage: TapStage) -> Option<Self> {
        let taps = &window.0.taps;
        let mut list = taps.list();
        if list.ends.len() >= MAX_TAPS {
            return None;
        }
        let number = list.next;
        list.next += 1;
        let (sender, samples) = mpsc::channel(WAITING);
        list.ends.push(End { number, stage, samples: sender, not_before: Instant::now() });
        taps.count.store(list.ends.len(), Ordering::Relaxed);
        drop(list);
        Some(Self { window: window.clone(), number, samples })
    }

    /// The next sample. It may be dropped at any await.
    pub async fn next(&mut self) -> Option<Sample> {
        self.samples.recv().await
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        let taps = &self.window.0.taps;
        let mut list = taps.list();
        list.ends.retain(|end| end.number != self.number);
        taps.count.store(list.ends.len(), Ordering::Relaxed);
    }
}

impl Taps {
    /// Gives samples to those who want them and have room; makes none if nobody does.
    pub(super) fn show<S: IntoIterator<Item = Sample>>(
        &self,
        stage: TapStage,
        samples: impl FnOnce() -> S,
    ) {
        if self.count.load(Ordering::Relaxed) == 0 {
            return;
        }
        let now = Instant::now();
        let mut list = self.list();
        let is_ready = |end: &&mut End| {
            end.stage == stage && end.not_before <= now && end.samples.capacity() > 0
        };
        let mut ready: Vec<&mut End> = list.ends.iter_mut().filter(is_ready).collect();
        if ready.is_empty() {
            return;
        }
        for sample in samples() {
            for end in &mut ready {
                end.not_before = now + PAUSE;
                // Without room it passes unseen.
                let _ = end.samples.try_send(sample.clone());
            }
        }
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::engine::window::Content;

    fn sample(batch: u64) -> Sample {
        let content = Content::Record { bytes: b"x".to_vec(), size: 1, columns: None };
        Sample { batch, source: None, split: None, position: None, content }
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_made_where_nobody_looks() {
        let window = Window::default();
        let made = Cell::new(0);
        let show = |stage| {
            window.show(stage, || {
                made.set(made.get() + 1);
                [sample(made.get())]
            });
        };
        show(TapStage::Read);
        assert_eq!(made.get(), 0);
        let mut tap = window.tap(TapStage::Decoded).unwrap();
        show(TapStage::Read);
        assert_eq!(made.get(), 0);
        show(TapStage::Decoded);
        // Too soon after the last.
        show(TapStage::Decoded);
        assert_eq!(made.get(), 1);
        assert_eq!(tap.next().await.map(|it| it.batch), Some(1));
        drop(tap);
        tokio::time::advance(PAUSE).await;
        show(TapStage::Decoded);
        assert_eq!(made.get(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_takes_nothing_holds_up_nothing_and_holds_little() {
        let window = Window::default();
        let mut tap = window.tap(TapStage::Read).unwrap();
        for batch in 0..1_000 {
            window.show(TapStage::Read, || [sample(batch), sample(batch)]);
            tokio::time::advance(PAUSE).await;
        }
        let mut seen = 0;
        while tap.samples.try_recv().is_ok() {
            seen += 1;
        }
        assert_eq!(seen, WAITING);
    }

    #[test]
    fn their_number_is_bounded() {
        let window = Window::default();
        let taps: Vec<_> = (0..MAX_TAPS).map(|_| window.tap(TapStage::Read).unwrap()).collect();
        assert!(window.tap(TapStage::Read).is_none());
        drop(taps);
        assert!(window.tap(TapStage::Read).is_some());
    }
}

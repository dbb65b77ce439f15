//! A window onto a running pipeline: which batches are under way, how many rows each sink holds,
//! and a sample of the records that pass.
//!
//! The engine keeps [`Window`] up to date at the few points where a batch goes from one stage to
//! the next. [`Window::tap`] samples what passes a stage; where nobody does, nothing is copied.

mod gauge;
pub(super) mod sample;
mod tap;
mod under_way;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use sample::{Content, Sample};
pub use tap::{Tap, TapStage};
pub use under_way::{BatchStage, UnderWay};

pub(super) use gauge::Gauge;
use tap::Taps;

/// A window onto a running pipeline. Clones look at the same pipeline.
#[derive(Clone, Debug, Default)]
pub struct Window(Arc<Inside>);

#[derive(Debug, Default)]
struct Inside {
    under_way: Mutex<Vec<UnderWay>>,
    sinks: Mutex<BTreeMap<Arc<str>, Gauge>>,
    taps: Taps,
}

impl Window {
    /// The batches that are between being read and being written, the oldest first.
    #[must_use]
    pub fn under_way(&self) -> Vec<UnderWay> {
        self.batches().clone()
    }

    /// Rows that each sink was given and has not answered for, by sink.
    #[must_use]
    pub fn in_flight(&self) -> BTreeMap<Arc<str>, u64> {
        self.gauges().iter().map(|(sink, gauge)| (sink.clone(), gauge.rows())).collect()
    }

    /// Samples the records that pass a stage from now on. `None` if too many do already.
    #[must_use]
    pub fn tap(&self, stage: TapStage) -> Option<Tap> {
        Tap::open(self, stage)
    }

    /// The gauge of a sink.
    pub(super) fn gauge(&self, sink: &Arc<str>) -> Gauge {
        self.gauges().entry(sink.clone()).or_default().clone()
    }

    /// A batch was read.
    pub(super) fn begin(&self, batch: UnderWay) {
        self.batches().push(batch);
    }

    /// A batch goes to the next stage.
    pub(super) fn enter(&self, batch: crate::BatchId, stage: BatchStage, now_ms: u64) {
        if let Some(one) = self.batches().iter_mut().find(|one| one.batch == batch) {
            (one.stage, one.since_ms) = (stage, now_ms);
        }
    }

    /// A batch is written.
    pub(super) fn end(&self, batch: crate::BatchId) {
        self.batches().retain(|one| one.batch != batch);
    }

    /// Nothing is under way any more.
    pub(super) fn clear(&self) {
        self.batches().clear();
    }

    /// Shows a stage's samples to those who want them; makes none if nobody does.
    pub(super) fn show<S: IntoIterator<Item = Sample>>(
        &self,
        stage: TapStage,
        samples: impl FnOnce() -> S,
    ) {
        self.0.taps.show(stage, samples);
    }

    fn batches(&self) -> MutexGuard<'_, Vec<UnderWay>> {
        self.0.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn gauges(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Gauge>> {
        self.0.sinks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_shown_from_their_reading_to_their_end() {
        let window = Window::default();
        let batch = |batch| UnderWay {
            batch,
            stage: BatchStage::Decode,
            since_ms: 5,
            records: 7,
            bytes: 70,
        };
        window.begin(batch(1));
        window.begin(batch(2));
        window.enter(1, BatchStage::Write, 9);
        let seen: Vec<_> = window.under_way().iter().map(|it| (it.batch, it.stage)).collect();
        assert_eq!(seen, [(1, BatchStage::Write), (2, BatchStage::Decode)]);
        window.end(1);
        assert_eq!(window.under_way().len(), 1);
        window.clear();
        assert_eq!(window.under_way(), []);
    }

    #[test]
    fn a_sink_holds_rows_until_it_answered() {
        let window = Window::default();
        let gauge = window.gauge(&"kept".into());
        let holding = gauge.hold(10);
        holding.set(4);
        assert_eq!(window.in_flight()["kept"], 4);
        drop(holding);
        assert_eq!(window.in_flight()["kept"], 0);
    }
}

//! A source whose splits move between gateways: its own positions count, not the checkpoint's.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow::array::RecordBatch;
use async_trait::async_trait;
use tokio::time::Instant;

use crate::batch::Slice;
use crate::decode::{AsIs, Decode, Decoded, Prepare};
use crate::position::Position;
use crate::range::Range;
use crate::source::{Committed, Positions, Resume, Source, SourceError};
use crate::split::{Grant, SplitId, SplitStatus};
use crate::testing::{Numbers, Recorder};

use super::super::Ended;
use super::{Bench, numbers, settings};

/// What the group of gateways knows: where each split stands, and the last generation.
#[derive(Clone, Default)]
struct Group {
    positions: Arc<Mutex<BTreeMap<SplitId, Position>>>,
    generation: Arc<AtomicU64>,
}

struct Shared {
    inner: Numbers,
    group: Group,
    generation: u64,
}

impl Group {
    fn member(&self, per_split: &[u64]) -> Shared {
        Shared { inner: numbers(per_split), group: self.clone(), generation: 0 }
    }
}

#[async_trait]
impl Source for Shared {
    fn decoder(&self) -> Arc<dyn Decode> {
        self.inner.decoder()
    }

    fn bounded(&self) -> bool {
        true
    }

    fn positions(&self) -> Positions {
        Positions::Source
    }

    async fn connect(&mut self, resume: &Resume) -> Result<(), SourceError> {
        self.generation = self.group.generation.fetch_add(1, Ordering::Relaxed) + 1;
        self.inner.connect(resume).await
    }

    async fn splits(
        &mut self,
        next: &BTreeMap<SplitId, Position>,
    ) -> Result<Vec<SplitStatus>, SourceError> {
        let positions = self.group.positions.lock().unwrap().clone();
        let mut all = self.inner.splits(next).await?;
        for status in &mut all {
            status.generation = self.generation;
            let known = positions.get(&status.split);
            if let Some(start) = known {
                status.start = start.clone();
                let at = next.get(&status.split).unwrap_or(start).as_u64().unwrap_or(0);
                status.backlog = status.end.as_ref().and_then(Position::as_u64).map(|end| end - at);
            }
        }
        Ok(all)
    }

    async fn read(&mut self, grants: &[Grant], by: Instant) -> Result<Vec<Slice>, SourceError> {
        self.inner.read(grants, by).await
    }

    async fn replay(&mut self, ranges: &[Range]) -> Result<Vec<Slice>, SourceError> {
        Err(SourceError::Fatal(format!(
            "{} ranges of an earlier life are read again",
            ranges.len()
        )))
    }

    async fn ready(&mut self) {}

    async fn commit(&mut self, committed: &[Committed]) -> Result<(), SourceError> {
        let own = committed.iter().filter(|one| one.generation == self.generation);
        let moved = own.map(|one| (one.split.clone(), one.position.clone()));
        self.group.positions.lock().unwrap().extend(moved);
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn what_another_gateway_did_meanwhile_is_not_read_again() {
    for millis in (0..3_000).step_by(100) {
        let (group, bench) = (Group::default(), Bench::new());
        let sink = Recorder::settling(&bench.rows, 2);
        let first = bench.pipeline(settings(), group.member(&[120, 301]), sink);
        let life = tokio::time::timeout(Duration::from_millis(millis), bench.run(first)).await;
        assert!(life.is_err(), "the first gateway was to be killed");
        let before = bench.numbers();
        // Another gateway reads split 0 to its end.
        group.positions.lock().unwrap().insert("0".into(), 120.into());

        let sink = Recorder::settling(&bench.rows, 2);
        let second = bench.pipeline(settings(), group.member(&[120, 301]), sink);
        assert_eq!(bench.run(second).await, Ok(Ended::Drained));
        let of_split_0 = |numbers: &[u64]| numbers.iter().filter(|n| **n < 1_000_000).count();
        assert_eq!(of_split_0(&bench.numbers()), of_split_0(&before), "after {millis} ms");
        let mut of_split_1 = bench.numbers();
        of_split_1.retain(|number| *number >= 1_000_000);
        of_split_1.dedup();
        assert_eq!(of_split_1, (1_000_000..1_000_301).collect::<Vec<_>>(), "after {millis} ms");
    }
}

/// A decoder that needs something which cannot be fetched at once.
#[derive(Default)]
struct Patient {
    asked: AtomicU64,
}

#[async_trait]
impl Prepare for Patient {
    async fn prepare(&self, _: &RecordBatch) -> Result<(), String> {
        match self.asked.fetch_add(1, Ordering::Relaxed) {
            0..4 => Err("the registry is away".into()),
            _ => Ok(()),
        }
    }
}

impl Decode for Patient {
    fn schema(&self) -> Option<arrow::datatypes::SchemaRef> {
        None
    }

    fn prepare(&self) -> Option<&dyn Prepare> {
        Some(self)
    }

    fn decode(&self, records: &RecordBatch) -> Result<Decoded, String> {
        assert!(self.asked.load(Ordering::Relaxed) > 4, "decoded before it was prepared");
        AsIs::default().decode(records)
    }
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_waits_for_what_its_decoder_fetches() {
    let bench = Bench::new();
    let source = numbers(&[50]).decoded_by(Arc::new(Patient::default()));
    let pipeline = bench.pipeline(settings(), source, Recorder::settling(&bench.rows, 1));
    assert_eq!(bench.run(pipeline).await, Ok(Ended::Drained));
    assert_eq!(bench.numbers(), Numbers::all(&[50]));
    let waits = |state: &crate::progress::PipelineState| matches!(state, crate::progress::PipelineState::Waiting { reason, .. } if reason.contains("away"));
    assert!(bench.heard.states().iter().any(waits), "{:?}", bench.heard.states());
}

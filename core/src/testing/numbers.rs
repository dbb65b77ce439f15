//! A source of numbers, with faults.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, BinaryArray, RecordBatch, UInt64Array};
use async_trait::async_trait;
use tokio::time::Instant;

use crate::batch::Slice;
use crate::decode::{AsIs, Decode};
use crate::position::Position;
use crate::range::Range;
use crate::source::{Committed, Resume, Source, SourceError};
use crate::split::{Grant, SplitId, SplitPhase, SplitStatus};

/// A source whose splits hold the numbers `split * 1 000 000 + index`, in the columns `number`
/// and `value` (the number as text). Positions are indices.
pub struct Numbers {
    name: Arc<str>,
    per_split: Vec<u64>,
    decoder: Arc<dyn Decode>,
    fault: Option<Fault>,
    is_bounded: bool,
    calls: u64,
    /// The splits that it names no more, if it forgets those that are finished.
    finished: Option<BTreeSet<SplitId>>,
    /// The last position that was told for each split.
    pub committed: Arc<Mutex<BTreeMap<SplitId, Committed>>>,
}

/// Says of the n-th call (from 1) whether and how it fails.
pub type Fault = Box<dyn Fn(u64) -> Option<SourceError> + Send>;

impl Numbers {
    /// A source with so many numbers in each of its splits.
    #[must_use]
    pub fn new(name: &str, per_split: &[u64]) -> Self {
        Self {
            name: name.into(),
            per_split: per_split.to_vec(),
            decoder: AsIs::shared(None),
            fault: None,
            is_bounded: true,
            calls: 0,
            finished: None,
            committed: Arc::default(),
        }
    }

    /// The same with another decoder.
    #[must_use]
    pub fn decoded_by(mut self, decoder: Arc<dyn Decode>) -> Self {
        self.decoder = decoder;
        self
    }

    /// The same, but naming a split no more when it is told that it is finished.
    #[must_use]
    pub fn forgetting_finished(mut self) -> Self {
        self.finished = Some(BTreeSet::new());
        self
    }

    /// The same with faults in `connect`, `splits` and `read`.
    #[must_use]
    pub fn failing(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    /// The same, but the source could always name another split.
    #[must_use]
    pub fn unbounded(mut self) -> Self {
        self.is_bounded = false;
        self
    }

    /// All its numbers, ascending.
    #[must_use]
    pub fn all(per_split: &[u64]) -> Vec<u64> {
        let of_split = |(split, count): (usize, &u64)| {
            (0..*count).map(move |index| split as u64 * 1_000_000 + index).collect::<Vec<_>>()
        };
        per_split.iter().enumerate().flat_map(of_split).collect()
    }

    fn fault(&mut self) -> Result<(), SourceError> {
        self.calls += 1;
        match self.fault.as_ref().and_then(|fault| fault(self.calls)) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    fn slice(&self, split: &SplitId, generation: u64, from: u64, until: u64) -> Slice {
        let index: u64 = split.as_str().parse().unwrap_or(0);
        let numbers: UInt64Array = (from..until).map(|n| index * 1_000_000 + n).collect();
        let texts: Vec<String> = numbers.values().iter().map(u64::to_string).collect();
        let values = BinaryArray::from_iter_values(&texts);
        let records = RecordBatch::try_from_iter([
            ("number", Arc::new(numbers) as ArrayRef),
            ("value", Arc::new(values) as ArrayRef),
        ]);
        let count = self.per_split.get(index as usize).copied().unwrap_or(0);
        Slice {
            range: Range {
                source: self.name.clone(),
                split: split.clone(),
                generation,
                from: from.into(),
                until: until.into(),
                records: until - from,
                bytes: texts.iter().map(|text| text.len() as u64).sum(),
                last: until == count,
            },
            records: records.unwrap_or_else(|_| {
                RecordBatch::new_empty(Arc::new(arrow::datatypes::Schema::empty()))
            }),
            raw: Some(1),
            position: Some(0),
        }
    }
}

#[async_trait]
impl Source for Numbers {
    fn decoder(&self) -> Arc<dyn Decode> {
        self.decoder.clone()
    }

    fn bounded(&self) -> bool {
        self.is_bounded
    }

    async fn connect(&mut self, resume: &Resume) -> Result<(), SourceError> {
        if let Some(finished) = &mut self.finished {
            finished.clone_from(&resume.finished.iter().cloned().collect());
        }
        self.fault()
    }

    async fn splits(
        &mut self,
        next: &BTreeMap<SplitId, Position>,
    ) -> Result<Vec<SplitStatus>, SourceError> {
        self.fault()?;
        let status = self.per_split.iter().enumerate().map(|(index, count)| {
            let split = SplitId::from(index.to_string());
            let at = next.get(&split).and_then(Position::as_u64).unwrap_or(0);
            SplitStatus {
                generation: 0,
                start: 0.into(),
                end: Some((*count).into()),
                backlog: Some(count - at),
                oldest_ms: None,
                phase: SplitPhase::Ended,
                split,
            }
        });
        let finished = self.finished.as_ref();
        let is_named = |status: &SplitStatus| finished.is_none_or(|it| !it.contains(&status.split));
        Ok(status.filter(is_named).collect())
    }

    async fn read(&mut self, grants: &[Grant], _: Instant) -> Result<Vec<Slice>, SourceError> {
        self.fault()?;
        let slices = grants.iter().filter_map(|grant| {
            let index: usize = grant.split.as_str().parse().ok()?;
            let from = grant.from.as_u64()?;
            let until = from.saturating_add(grant.records).min(self.per_split[index]);
            (from < until).then(|| self.slice(&grant.split, grant.generation, from, until))
        });
        Ok(slices.collect())
    }

    async fn replay(&mut self, ranges: &[Range]) -> Result<Vec<Slice>, SourceError> {
        self.fault()?;
        let slices = ranges.iter().map(|range| {
            let (from, until) = (range.from.as_u64(), range.until.as_u64());
            self.slice(&range.split, range.generation, from.unwrap_or(0), until.unwrap_or(0))
        });
        Ok(slices.collect())
    }

    async fn ready(&mut self) {}

    async fn commit(&mut self, committed: &[Committed]) -> Result<(), SourceError> {
        if let Some(finished) = &mut self.finished {
            let ended = committed.iter().filter(|one| one.finished);
            finished.extend(ended.map(|one| one.split.clone()));
        }
        let mut known = self.committed.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(committed.iter().map(|one| (one.split.clone(), one.clone())));
        Ok(())
    }
}

//! Where splits are read, from when to when, and when they are done.

mod ends;
mod owners;

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use super::*;
use crate::checkpoint::PositionAt;
use crate::decode::{AsIs, Decode};

/// What the source answers and was told.
#[derive(Default)]
struct Script {
    splits: Vec<SplitStatus>,
    slices: Vec<Slice>,
    told: Vec<Committed>,
    released: Vec<SplitId>,
    resumed: Vec<Resume>,
    refuses: bool,
    forgets: Vec<SplitId>,
}

#[derive(Clone, Default)]
struct Scripted(Arc<Mutex<Script>>);

impl Scripted {
    fn with<T>(&self, act: impl FnOnce(&mut Script) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn answer<T: Default>(&self, act: impl FnOnce(&mut Script) -> T) -> Result<T, SourceError> {
        self.with(|script| match script.refuses {
            true => Err(SourceError::Transient("not now".into())),
            false => Ok(act(script)),
        })
    }
}

#[async_trait]
impl Source for Scripted {
    fn decoder(&self) -> Arc<dyn Decode> {
        AsIs::shared(None)
    }

    async fn connect(&mut self, resume: &Resume) -> Result<(), SourceError> {
        self.with(|script| script.resumed.push(resume.clone()));
        Ok(())
    }

    async fn splits(
        &mut self,
        _: &BTreeMap<SplitId, Position>,
    ) -> Result<Vec<SplitStatus>, SourceError> {
        Ok(self.with(|script| script.splits.clone()))
    }

    async fn read(&mut self, _: &[Grant], _: Instant) -> Result<Vec<Slice>, SourceError> {
        self.answer(|script| std::mem::take(&mut script.slices))
    }

    async fn replay(&mut self, _: &[Range]) -> Result<Vec<Slice>, SourceError> {
        Ok(Vec::new())
    }

    async fn ready(&mut self) {}

    async fn commit(&mut self, committed: &[Committed]) -> Result<(), SourceError> {
        self.answer(|script| script.told.extend(committed.iter().cloned()))
    }

    async fn release(&mut self, splits: &[SplitId]) -> Result<(), SourceError> {
        self.answer(|script| script.released.extend(splits.iter().cloned()))
    }

    async fn forget(&mut self) -> Vec<SplitId> {
        self.with(|script| std::mem::take(&mut script.forgets))
    }
}

/// An input that is connected, and the source behind it.
struct Bench {
    input: Input,
    source: Scripted,
    bounded: bool,
}

impl Bench {
    /// In a bounded run or not, from a checkpoint with these positions and their generations.
    async fn begin(bounded: bool, positions: &[(&str, u64, u64)], finished: &[&str]) -> Self {
        let source = Scripted::default();
        let mut input = Input::new(InputParts {
            name: "in".into(),
            source: Box::new(source.clone()),
            limits: Limits::default(),
        });
        let at = |(split, position, generation): &(&str, u64, u64)| {
            let at = PositionAt { position: (*position).into(), generation: *generation };
            (SplitId::from(*split), at)
        };
        let ledger = SourceLedger {
            positions: positions.iter().map(at).collect(),
            finished: finished.iter().map(|split| SplitId::from(*split)).collect(),
        };
        input.begin(Some(&ledger), Instant::now());
        input.connect(&Backoff::default()).await.unwrap();
        Self { input, source, bounded }
    }

    /// The source names these splits.
    async fn named(&mut self, splits: Vec<SplitStatus>) {
        self.source.with(|script| script.splits = splits);
        self.input.refresh(&Backoff::default(), self.bounded).await.unwrap();
    }

    /// Which splits may be read, from where and up to where.
    fn open(&self) -> Vec<(String, String, Option<String>)> {
        let open = self.input.candidates().map(|(status, next, until)| {
            (status.split.to_string(), next.to_string(), until.map(ToString::to_string))
        });
        open.collect()
    }

    fn is_exhausted(&self) -> bool {
        self.input.is_exhausted()
    }

    async fn tell(&mut self, busy: &[&str]) -> Vec<SplitId> {
        self.input.tell(&busy.iter().map(|split| SplitId::from(*split)).collect()).await
    }

    fn released(&self) -> Vec<String> {
        self.source.with(|script| script.released.iter().map(ToString::to_string).collect())
    }
}

fn split(name: &str, generation: u64, start: u64, end: Option<u64>) -> SplitStatus {
    SplitStatus {
        split: name.into(),
        generation,
        start: start.into(),
        end: end.map(Position::from),
        backlog: None,
        oldest_ms: None,
        phase: SplitPhase::Active,
    }
}

fn leaving(name: &str) -> SplitStatus {
    SplitStatus { phase: SplitPhase::Leaving, ..split(name, 1, 0, Some(100)) }
}

fn range(name: &str, generation: u64, from: u64, until: u64) -> Range {
    Range {
        source: "in".into(),
        split: name.into(),
        generation,
        from: from.into(),
        until: until.into(),
        records: until - from,
        bytes: until - from,
        last: false,
    }
}

fn last(name: &str, generation: u64, from: u64, until: u64) -> Range {
    Range { last: true, ..range(name, generation, from, until) }
}

fn at(name: &str, next: u64, until: Option<u64>) -> (String, String, Option<String>) {
    (name.into(), next.to_string(), until.map(|until| until.to_string()))
}

fn grant(name: &str, from: u64) -> Grant {
    Grant {
        split: name.into(),
        generation: 1,
        from: from.into(),
        until: None,
        records: 10,
        bytes: 10,
    }
}

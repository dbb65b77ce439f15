//! Where splits are read, from when to when, and when they are done.

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
        Ok(self.with(|script| std::mem::take(&mut script.slices)))
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

#[tokio::test]
async fn a_split_is_read_from_its_start_or_from_the_checkpoint() {
    let mut bench = Bench::begin(false, &[("known", 40, 1)], &["done"]).await;
    let named = || {
        vec![
            split("known", 1, 0, Some(100)),
            split("new", 1, 7, None),
            split("done", 1, 0, Some(100)),
        ]
    };
    bench.named(named()).await;
    assert_eq!(bench.open(), [at("known", 40, None), at("new", 7, None)]);
    bench.input.advance(&range("new", 1, 7, 9));
    bench.named(named()).await;
    assert_eq!(bench.open(), [at("known", 40, None), at("new", 9, None)]);
    let resumed = bench.source.with(|script| script.resumed.clone());
    assert_eq!(resumed[0].finished, [SplitId::from("done")]);
}

#[tokio::test]
async fn a_bounded_run_ends_where_it_was_pinned() {
    let mut bench = Bench::begin(true, &[], &[]).await;
    bench.named(vec![split("a", 1, 0, Some(10)), split("b", 1, 5, Some(5))]).await;
    assert_eq!(bench.open(), [at("a", 0, Some(10))], "of b there is nothing");
    assert!(!bench.is_exhausted());
    bench.input.advance(&range("a", 1, 0, 10));
    // More has come since, and another split.
    bench
        .named(vec![split("a", 1, 0, Some(50)), split("b", 1, 5, Some(9)), split("c", 1, 0, None)])
        .await;
    assert_eq!(bench.open(), []);
    assert!(bench.is_exhausted());
}

#[tokio::test(start_paused = true)]
async fn what_stays_connected_is_tried_again_soon_however_often_it_failed() {
    let mut bench = Bench::begin(false, &[], &[]).await;
    for _ in 0..20 {
        let failed: Result<(), _> = Err(SourceError::Transient("not now".into()));
        bench.input.settle_link(failed, &Backoff::default()).unwrap();
    }
    let pause = bench.input.retry_at().unwrap() - Instant::now();
    assert!(pause <= MENDING_PAUSE, "{pause:?}");
}

#[tokio::test]
async fn a_slice_without_records_moves_a_split_past_a_gap() {
    let mut bench = Bench::begin(true, &[("a", 10, 1)], &[]).await;
    bench.named(vec![split("a", 1, 0, Some(20))]).await;
    let gap = Range { records: 0, bytes: 0, ..range("a", 1, 10, 20) };
    let records = arrow::array::RecordBatch::new_empty(Arc::new(arrow::datatypes::Schema::empty()));
    let slice = Slice { range: gap, records, raw: None, position: None };
    bench.source.with(|script| script.slices = vec![slice]);
    let deadline = Instant::now();
    let read = bench.input.read(&[grant("a", 10)], deadline, &Backoff::default()).await.unwrap();
    // Nothing to write or to commit, and nothing left to read before the pinned end.
    assert!(read.is_empty());
    assert!(bench.open().is_empty());
    assert!(bench.is_exhausted());
}

#[tokio::test]
async fn an_end_that_nobody_knows_is_where_a_read_finds_nothing() {
    let mut bench = Bench::begin(true, &[], &[]).await;
    bench.named(vec![split("a", 1, 3, None)]).await;
    assert_eq!(bench.open(), [at("a", 3, None)]);
    let read = bench.input.read(&[grant("a", 3)], Instant::now(), &Backoff::default()).await;
    assert!(read.unwrap().is_empty());
    assert!(bench.is_exhausted());
    bench.named(vec![split("a", 1, 3, Some(50))]).await;
    assert_eq!(bench.open(), []);
}

#[tokio::test]
async fn an_end_that_is_known_later_is_pinned_then() {
    let mut bench = Bench::begin(true, &[], &[]).await;
    bench.named(vec![split("a", 1, 3, None)]).await;
    bench.named(vec![split("a", 1, 3, Some(20))]).await;
    bench.named(vec![split("a", 1, 3, Some(50))]).await;
    assert_eq!(bench.open(), [at("a", 3, Some(20))]);
    bench.input.advance(&range("a", 1, 3, 20));
    assert!(bench.is_exhausted());
}

#[tokio::test]
async fn a_read_that_fails_pins_no_end() {
    let mut bench = Bench::begin(true, &[], &[]).await;
    bench.named(vec![split("a", 1, 3, None)]).await;
    let failed: Result<Vec<Slice>, _> = Err(SourceError::Transient("not now".into()));
    assert!(bench.input.settle_link(failed, &Backoff::default()).unwrap().is_none());
    assert_eq!(bench.open(), [], "it pauses");
    assert!(!bench.is_exhausted());
}

#[tokio::test]
async fn a_split_that_shrank_ends_earlier_than_it_was_pinned() {
    let mut bench = Bench::begin(true, &[], &[]).await;
    bench.named(vec![split("a", 1, 0, Some(10))]).await;
    bench.input.advance(&range("a", 1, 0, 6));
    let shrunk =
        SplitStatus { phase: SplitPhase::Ended, backlog: Some(0), ..split("a", 1, 0, Some(6)) };
    bench.named(vec![shrunk]).await;
    assert!(bench.is_exhausted());
}

#[tokio::test]
async fn a_split_that_waits_is_pinned_and_not_read_yet() {
    let mut bench = Bench::begin(true, &[], &[]).await;
    let waiting = SplitStatus { phase: SplitPhase::Waiting, ..split("b", 1, 0, Some(4)) };
    bench.named(vec![split("a", 1, 0, Some(0)), waiting]).await;
    assert_eq!(bench.open(), []);
    assert!(!bench.is_exhausted(), "b is still to come");
    bench.named(vec![split("b", 1, 0, Some(9))]).await;
    assert_eq!(bench.open(), [at("b", 0, Some(4))]);
}

#[tokio::test]
async fn a_split_that_comes_back_starts_where_its_other_owner_left_it() {
    let mut bench = Bench::begin(false, &[("a", 40, 1)], &[]).await;
    bench.named(vec![split("a", 1, 40, None)]).await;
    bench.input.advance(&range("a", 1, 40, 60));
    bench.named(vec![]).await;
    assert_eq!(bench.open(), []);
    for start in [90, 55] {
        // Further than this gateway was, and, after a crash of the other owner, less far.
        let generation = 100 - start;
        bench.named(vec![split("a", generation, start, None)]).await;
        assert_eq!(bench.open(), [at("a", start, None)]);
        bench.named(vec![split("a", generation, 0, None)]).await;
        assert_eq!(bench.open(), [at("a", start, None)], "a start counts once per generation");
    }
}

#[tokio::test]
async fn a_split_whose_end_was_read_but_not_committed_is_read_again_when_it_comes_back() {
    let mut bench = Bench::begin(false, &[], &[]).await;
    bench.named(vec![split("a", 1, 0, Some(10))]).await;
    bench.input.advance(&last("a", 1, 0, 10));
    assert_eq!(bench.open(), []);
    bench.named(vec![]).await;
    bench.named(vec![split("a", 2, 4, Some(10))]).await;
    assert_eq!(bench.open(), [at("a", 4, None)]);
}

#[tokio::test]
async fn a_split_whose_end_is_committed_is_never_read_again() {
    let mut bench = Bench::begin(false, &[], &["before"]).await;
    let named = |generation| {
        vec![split("a", generation, 0, Some(10)), split("before", generation, 0, Some(10))]
    };
    bench.named(named(1)).await;
    bench.input.advance(&last("a", 1, 0, 10));
    bench.input.committed(&last("a", 1, 0, 10));
    for generation in [1, 2, 3] {
        bench.named(named(generation)).await;
        assert_eq!(bench.open(), [], "generation {generation}");
    }
}

#[tokio::test]
async fn a_commit_of_an_older_generation_leaves_the_newer_one_where_it_is() {
    let mut bench = Bench::begin(false, &[], &[]).await;
    bench.named(vec![split("a", 1, 0, Some(10))]).await;
    bench.input.advance(&last("a", 1, 0, 10));
    bench.named(vec![split("a", 2, 4, Some(10))]).await;
    bench.input.advance(&range("a", 2, 4, 8));
    bench.input.committed(&last("a", 1, 0, 10));
    bench.named(vec![split("a", 2, 4, Some(10))]).await;
    assert_eq!(bench.open(), [at("a", 8, None)]);
}

#[tokio::test]
async fn a_split_that_leaves_is_released_when_nothing_of_it_is_under_way() {
    let mut bench = Bench::begin(false, &[], &[]).await;
    bench.named(vec![split("a", 1, 0, Some(100)), split("b", 1, 0, Some(100))]).await;
    bench.input.advance(&range("a", 1, 0, 30));
    bench.named(vec![leaving("a"), split("b", 1, 0, Some(100))]).await;
    assert_eq!(bench.open(), [at("b", 0, None)]);
    assert!(bench.input.has_leaving());

    bench.tell(&["a"]).await;
    assert_eq!(bench.released(), [] as [&str; 0], "a batch with it is under way");
    bench.input.committed(&range("a", 1, 0, 30));
    bench.tell(&[]).await;
    assert_eq!(bench.released(), ["a"]);
    assert_eq!(bench.source.with(|script| script.told[0].position.clone()), 30.into());
    bench.tell(&[]).await;
    assert_eq!(bench.released(), ["a"], "once");
    assert!(!bench.input.has_leaving());

    // It comes back, and leaves once more.
    bench.named(vec![split("b", 1, 0, Some(100))]).await;
    bench.named(vec![split("a", 2, 50, Some(100))]).await;
    assert_eq!(bench.open(), [at("a", 50, None)]);
    bench.named(vec![leaving("a")]).await;
    bench.tell(&[]).await;
    assert_eq!(bench.released(), ["a", "a"]);
}

#[tokio::test]
async fn what_the_source_did_not_take_is_told_again() {
    let mut bench = Bench::begin(false, &[], &[]).await;
    bench.named(vec![leaving("a")]).await;
    bench.input.committed(&range("a", 1, 0, 30));
    bench.source.with(|script| script.refuses = true);
    bench.tell(&[]).await;
    assert!(bench.input.has_news());
    assert_eq!(bench.released(), [] as [&str; 0], "not before its positions are told");
    bench.input.committed(&range("a", 1, 30, 40));
    bench.source.with(|script| script.refuses = false);
    bench.tell(&[]).await;
    assert!(!bench.input.has_news());
    let told = bench.source.with(|script| script.told.clone());
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].position, 40.into());
    assert_eq!(bench.released(), ["a"]);
}

#[tokio::test]
async fn splits_that_vanish_hold_up_no_bounded_run_and_are_not_read() {
    let mut bench = Bench::begin(true, &[], &[]).await;
    bench.named(vec![split("a", 1, 0, Some(10)), split("b", 1, 0, Some(10))]).await;
    bench.input.advance(&range("a", 1, 0, 10));
    assert!(!bench.is_exhausted());
    bench.named(vec![split("a", 1, 0, Some(10))]).await;
    assert_eq!(bench.open(), []);
    assert!(bench.is_exhausted());
}

#[tokio::test]
async fn what_is_forgotten_may_come_as_something_new() {
    let mut bench = Bench::begin(false, &[], &[]).await;
    bench.named(vec![split("a", 1, 0, Some(10))]).await;
    bench.input.advance(&last("a", 1, 0, 10));
    bench.input.committed(&last("a", 1, 0, 10));
    bench.source.with(|script| script.forgets = vec!["a".into()]);
    assert_eq!(bench.tell(&[]).await, [SplitId::from("a")]);
    bench.named(vec![split("a", 1, 2, Some(20))]).await;
    assert_eq!(bench.open(), [at("a", 2, None)]);
}

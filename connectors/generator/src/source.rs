//! The state machine that the engine drives.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::AsArray;
use async_trait::async_trait;
use forebay_core::batch::Slice;
use forebay_core::clock::Clock;
use forebay_core::component::Problem;
use forebay_core::decode::{AsIs, Decode};
use forebay_core::source::{Committed, Resume, SourceError};
use forebay_core::split::{Grant, SplitPhase, SplitStatus};
use forebay_core::{Position, Range, Source, SplitId};
use tokio::time::Instant;

use crate::config::{Form, GeneratorConfig};
use crate::division::Division;
use crate::json::{self, Json};
use crate::maker::{Frame, Span};
use crate::records::{self, Records};
use crate::schedule::Schedule;

/// Records that are made in one go: a few milliseconds' worth.
const CHUNK: u64 = 32_768;

/// Records of a range that is replayed, at most: no batch was ever larger.
const MAX_REPLAY: u64 = 1 << 31;

/// A generator that the engine can drive.
///
/// The clock decides which records exist already, never what is in them. It starts at the first
/// connect: there the schedule takes up at the record that was committed last, so a stop neither
/// skips records nor piles them up.
pub struct GeneratorSource {
    name: Arc<str>,
    splits: Vec<SplitId>,
    frame: Frame,
    records: Records,
    json: Option<Json>,
    decoder: Arc<dyn Decode>,
    count: Option<u64>,
    unlimited: bool,
    clock: Arc<dyn Clock>,
    /// Where the schedule stood when the clock showed `since`.
    base_micros: u64,
    since: Duration,
    /// Splits whose end is committed.
    finished: BTreeSet<SplitId>,
    /// The next record of each split, as far as it is known: for `ready` alone.
    next: Vec<u64>,
    /// The grant that the next read serves first, so that no split starves when time runs out.
    turn: usize,
}

impl GeneratorSource {
    /// A generator whose ranges bear this name and that follows this clock.
    ///
    /// # Errors
    /// If an option is out of its range.
    pub fn new(
        config: &GeneratorConfig,
        name: Arc<str>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Problem> {
        if let Some(problem) = config.problems().into_iter().next() {
            return Err(problem);
        }
        let frame = Frame {
            seed: config.seed,
            division: Division::new(config.splits, config.skew),
            schedule: Schedule::new(config.rows_per_second, config.ramp_up.0.as_secs()),
            start_micros: config.start_micros()?,
        };
        let json = Json::new(config.seed, config.broken_ratio);
        let records = Records::new(config, frame);
        let decoder = match config.form {
            Form::Json => config.decoding.decoder(&Json::schema(), "value")?,
            Form::Columns => AsIs::shared(Some(records.schema())),
        };
        Ok(Self {
            name,
            splits: (0..config.splits).map(|index| index.to_string().into()).collect(),
            frame,
            records,
            decoder,
            json: (config.form == Form::Json).then_some(json),
            count: config.count,
            unlimited: config.unlimited,
            since: clock.elapsed(),
            clock,
            base_micros: 0,
            finished: BTreeSet::new(),
            next: vec![0; config.splits as usize],
            turn: 0,
        })
    }

    /// Where the schedule stands now, in microseconds.
    fn now(&self) -> u64 {
        let passed = self.clock.elapsed().saturating_sub(self.since).as_micros();
        self.base_micros.saturating_add(u64::try_from(passed).unwrap_or(u64::MAX))
    }

    /// Moves the schedule forward to where the record before `number` is due, if it stands
    /// before that: what was read must have existed.
    fn catch_up(&mut self, split: u32, number: u64) {
        let Some(last) = number.checked_sub(1) else { return };
        let due = self.frame.schedule.time(self.frame.division.place(split, last));
        let now = self.now();
        if due > now {
            self.base_micros = self.base_micros.saturating_add(due - now);
        }
    }

    /// The number of records that `split` has now, and whether it will ever have more; no number
    /// if it has as many as anyone wants.
    fn extent(&self, split: u32) -> (Option<u64>, bool) {
        let all = self.count.map(|count| self.frame.division.part(split, count));
        if self.unlimited {
            return (all, all.is_some());
        }
        let due = self.frame.division.part(split, self.frame.schedule.due(self.now()));
        let ended = all.is_some_and(|all| due >= all);
        (Some(all.map_or(due, |all| due.min(all))), ended)
    }

    fn index(&self, split: &SplitId) -> Result<u32, SourceError> {
        let index = split.as_str().parse().ok().filter(|index: &u32| {
            self.splits.get(*index as usize).is_some_and(|known| known == split)
        });
        index.ok_or_else(|| {
            SourceError::Fatal(format!(
                "`{}` has no split `{split}`, only 0 to {}: were `splits` lowered since the \
                 checkpoint was written?",
                self.name,
                self.splits.len() - 1
            ))
        })
    }

    fn number(&self, split: &SplitId, position: &Position) -> Result<u64, SourceError> {
        position.as_u64().ok_or_else(|| {
            SourceError::Fatal(format!(
                "`{position}` is no position of split `{split}` of `{}`: a record number is \
                 expected; does the checkpoint belong to another source?",
                self.name
            ))
        })
    }

    /// Makes a slice of up to `span.len` records and `bytes` bytes.
    fn slice(&self, span: Span, bytes: u64, generation: u64) -> Result<Slice, SourceError> {
        let failed = |error| SourceError::Fatal(format!("cannot make records: {error}"));
        let split = self.splits[span.split as usize].clone();
        let mut records = self.records.make(span).map_err(failed)?;
        let size;
        if let Some(json) = &self.json {
            let texts = json.write(&records, span).map_err(failed)?;
            let (rows, fits) = json::fitting(texts.column(json::VALUE).as_binary(), bytes);
            (records, size) = (texts.slice(0, rows), fits);
        } else {
            size = records::width(&records);
        }
        let count = records.num_rows() as u64;
        let until = span.from + count;
        Ok(Slice {
            range: Range {
                source: Arc::clone(&self.name),
                last: self.extent(span.split) == (Some(until), true),
                split,
                generation,
                from: span.from.into(),
                until: until.into(),
                records: count,
                bytes: size,
            },
            records,
            raw: self.json.as_ref().map(|_| json::VALUE),
            position: self.json.as_ref().map(|_| json::OFFSET),
        })
    }
}

/// What is left of a grant.
struct Open<'a> {
    grant: &'a Grant,
    split: u32,
    from: u64,
    records: u64,
    bytes: u64,
}

impl GeneratorSource {
    fn open<'a>(&self, grant: &'a Grant) -> Result<Open<'a>, SourceError> {
        let split = self.index(&grant.split)?;
        let from = self.number(&grant.split, &grant.from)?;
        let mut end = self.extent(split).0.unwrap_or(u64::MAX - 1);
        if let Some(until) = &grant.until {
            end = end.min(self.number(&grant.split, until)?);
        }
        let records = grant.records.min(end.saturating_sub(from));
        Ok(Open { grant, split, from, records, bytes: grant.bytes })
    }

    /// The next slice of a grant; none if it is used up.
    fn advance(&self, open: &mut Open<'_>) -> Result<Option<Slice>, SourceError> {
        // Typed records are bounded by the largest that there can be; JSON text is cut to size.
        let width = self.records.max_width().max(1);
        let first = open.from == self.number(&open.grant.split, &open.grant.from)?;
        let mut len = open.records.min(CHUNK).min(open.bytes / width);
        if len == 0 && first {
            len = open.records.min(1);
        }
        if len == 0 {
            return Ok(None);
        }
        let span = Span { split: open.split, from: open.from, len: len as usize };
        let slice = self.slice(span, open.bytes, open.grant.generation)?;
        if slice.range.bytes > open.bytes && !first {
            return Ok(None);
        }
        open.from += slice.range.records;
        open.records -= slice.range.records;
        open.bytes = open.bytes.saturating_sub(slice.range.bytes);
        Ok(Some(slice))
    }
}

#[async_trait]
impl Source for GeneratorSource {
    fn decoder(&self) -> Arc<dyn Decode> {
        Arc::clone(&self.decoder)
    }

    fn bounded(&self) -> bool {
        self.count.is_some()
    }

    async fn connect(&mut self, resume: &Resume) -> Result<(), SourceError> {
        self.since = self.clock.elapsed();
        self.base_micros = 0;
        self.finished = resume.finished.iter().cloned().collect();
        for (split, position) in &resume.committed {
            let (index, number) = (self.index(split)?, self.number(split, position)?);
            self.catch_up(index, number);
            self.next[index as usize] = number;
        }
        Ok(())
    }

    async fn splits(
        &mut self,
        next: &BTreeMap<SplitId, Position>,
    ) -> Result<Vec<SplitStatus>, SourceError> {
        for (split, position) in next {
            let (index, number) = (self.index(split)?, self.number(split, position)?);
            self.catch_up(index, number);
            self.next[index as usize] = number;
        }
        let now = self.now();
        let mut answer = Vec::with_capacity(self.splits.len());
        for (index, split) in (0..).zip(&self.splits) {
            let (exists, ended) = self.extent(index);
            if self.finished.contains(split) || (ended && exists == Some(0)) {
                continue;
            }
            let from = self.next[index as usize];
            let backlog = exists.map(|exists| exists.saturating_sub(from));
            let waits = |_| {
                let due = self.frame.schedule.time(self.frame.division.place(index, from));
                now.saturating_sub(due) / 1000
            };
            answer.push(SplitStatus {
                split: split.clone(),
                generation: 0,
                start: Position::from(0),
                end: exists.map(|exists| exists.max(from).into()),
                backlog,
                oldest_ms: backlog.filter(|left| *left > 0 && !self.unlimited).map(waits),
                phase: if ended { SplitPhase::Ended } else { SplitPhase::Active },
            });
        }
        Ok(answer)
    }

    async fn read(
        &mut self,
        grants: &[Grant],
        deadline: Instant,
    ) -> Result<Vec<Slice>, SourceError> {
        let mut open =
            grants.iter().map(|grant| self.open(grant)).collect::<Result<Vec<_>, _>>()?;
        let mut slices = Vec::new();
        if !open.is_empty() {
            let turn = self.turn % open.len();
            open.rotate_left(turn);
            self.turn = turn + 1;
        }
        while !open.is_empty() {
            let mut still_open = Vec::with_capacity(open.len());
            for mut grant in open {
                if Instant::now() >= deadline {
                    break;
                }
                if let Some(slice) = self.advance(&mut grant)? {
                    self.next[grant.split as usize] = grant.from;
                    slices.push(slice);
                    still_open.push(grant);
                }
                tokio::task::yield_now().await;
            }
            open = if Instant::now() >= deadline { Vec::new() } else { still_open };
        }
        Ok(slices)
    }

    async fn replay(&mut self, ranges: &[Range]) -> Result<Vec<Slice>, SourceError> {
        let mut slices = Vec::with_capacity(ranges.len());
        for range in ranges {
            let split = self.index(&range.split)?;
            let from = self.number(&range.split, &range.from)?;
            let until = self.number(&range.split, &range.until)?;
            if until.checked_sub(from) != Some(range.records) || range.records > MAX_REPLAY {
                return Err(SourceError::Fatal(format!(
                    "the range {from} to {until} of split `{}` of `{}` does not have {} records: \
                     the checkpoint belongs to another source",
                    range.split, self.name, range.records
                )));
            }
            let span = Span { split, from, len: range.records as usize };
            let made = self.slice(span, u64::MAX, range.generation)?;
            slices.push(Slice { range: range.clone(), ..made });
            tokio::task::yield_now().await;
        }
        Ok(slices)
    }

    async fn ready(&mut self) {
        let mut soonest: Option<u64> = None;
        for (index, split) in (0..).zip(&self.splits) {
            let next = self.next[index as usize];
            let all = self.count.map(|count| self.frame.division.part(index, count));
            if self.finished.contains(split) || all.is_some_and(|all| next >= all) {
                continue;
            }
            if self.unlimited {
                return;
            }
            let due = self.frame.schedule.time(self.frame.division.place(index, next));
            soonest = Some(soonest.map_or(due, |soonest| soonest.min(due)));
        }
        match soonest {
            Some(due) => {
                let wait = due.saturating_sub(self.now());
                tokio::time::sleep(Duration::from_micros(wait)).await;
            }
            None => std::future::pending().await,
        }
    }

    async fn commit(&mut self, committed: &[Committed]) -> Result<(), SourceError> {
        let ended = committed.iter().filter(|done| done.finished);
        self.finished.extend(ended.map(|done| done.split.clone()));
        Ok(())
    }
}

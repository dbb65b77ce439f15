//! One source at work: its link, its splits and where each is read next.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::batch::Slice;
use crate::checkpoint::SourceLedger;
use crate::flow::Limits;
use crate::position::Position;
use crate::range::Range;
use crate::source::{Committed, Positions, Resume, Source, SourceError};
use crate::split::{Grant, SplitId, SplitPhase, SplitStatus};

/// The longest pause while a source that is still connected mends itself.
const MENDING_PAUSE: Duration = Duration::from_secs(2);

/// A source as it is handed to a pipeline.
pub struct InputParts {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// The source.
    pub source: Box<dyn Source>,
    /// Its limits.
    pub limits: Limits,
}

/// One source at work.
pub(super) struct Input {
    pub(super) name: Arc<str>,
    pub(super) source: Box<dyn Source>,
    pub(super) limits: Limits,
    link: Link,
    resume: Resume,
    /// Where each split is read next.
    next: BTreeMap<SplitId, Position>,
    /// The generation under which `next` was reached.
    generations: BTreeMap<SplitId, u64>,
    /// Splits that were read to their last record.
    drained: BTreeSet<SplitId>,
    status: Vec<SplitStatus>,
    /// Whether the source has named its splits in this attempt.
    asked: bool,
    /// Where each split ended when a bounded run began; `None` in an unbounded run.
    pinned: Option<BTreeMap<SplitId, Option<Position>>>,
    /// Splits that left, until the source stops naming them.
    released: BTreeSet<SplitId>,
    /// Positions that the source was not told yet.
    untold: BTreeMap<SplitId, Committed>,
    /// Whether splits went away since this was last asked.
    is_less: bool,
}

#[derive(Debug, Default)]
struct Link {
    connected: bool,
    failures: u32,
    retry_at: Option<Instant>,
    error: Option<String>,
}

impl Input {
    pub(super) fn new(parts: InputParts) -> Self {
        Self {
            name: parts.name,
            source: parts.source,
            limits: parts.limits,
            link: Link::default(),
            resume: Resume::default(),
            next: BTreeMap::new(),
            generations: BTreeMap::new(),
            drained: BTreeSet::new(),
            status: Vec::new(),
            asked: false,
            pinned: None,
            released: BTreeSet::new(),
            untold: BTreeMap::new(),
            is_less: false,
        }
    }

    /// Forgets what an earlier attempt read and begins from what the checkpoint holds.
    pub(super) fn begin(&mut self, ledger: Option<&SourceLedger>, now: Instant) {
        let known = ledger.cloned().unwrap_or_default();
        let positions = known.positions.iter();
        let committed = positions.map(|(split, at)| (split.clone(), at.position.clone())).collect();
        let finished = known.finished.into_iter().collect();
        self.resume = Resume { committed, finished };
        (self.next, self.generations, self.drained) = Default::default();
        if self.source.positions() == Positions::Checkpoint {
            self.next.clone_from(&self.resume.committed);
            let positions = known.positions.into_iter();
            self.generations = positions.map(|(split, at)| (split, at.generation)).collect();
            self.drained.extend(self.resume.finished.iter().cloned());
        }
        self.is_less = true;
        self.untold.clear();
        self.released.clear();
        self.status.clear();
        self.asked = false;
        self.pinned = None;
        self.link = Link { retry_at: Some(now), ..Link::default() };
    }

    /// The error that keeps it from being read, if there is one.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.link.error.as_deref()
    }

    /// Whether it may be asked for records now.
    pub(super) fn is_connected(&self) -> bool {
        self.link.connected
    }

    /// When it should be tried again.
    pub(super) fn retry_at(&self) -> Option<Instant> {
        self.link.retry_at
    }

    /// Connects, if it is not connected and its pause is over.
    pub(super) async fn connect(&mut self, backoff: &Backoff) -> Result<(), SourceError> {
        if self.link.retry_at.is_some_and(|at| at > Instant::now()) {
            return Ok(());
        }
        if self.link.connected {
            self.link.retry_at = None;
            return Ok(());
        }
        let outcome = self.source.connect(&self.resume).await;
        if outcome.is_ok() {
            self.link = Link { connected: true, ..Link::default() };
        }
        self.settle_link(outcome, backoff).map(|_| ())
    }

    /// Refreshes the splits.
    pub(super) async fn refresh(
        &mut self,
        backoff: &Backoff,
        available_now: bool,
    ) -> Result<(), SourceError> {
        if !self.is_readable() {
            return Ok(());
        }
        let answer = self.source.splits(&self.next).await;
        if let Some(status) = self.settle_link(answer, backoff)? {
            self.adopt(status, available_now);
        }
        Ok(())
    }

    fn adopt(&mut self, status: Vec<SplitStatus>, available_now: bool) {
        for split in &status {
            let known = self.generations.get(&split.split).copied();
            // Back from another owner, whose progress only the source knows.
            let is_back = known.is_some_and(|generation| generation < split.generation);
            if is_back {
                // If its end was read, it was not committed: that takes the generation away.
                self.drained.remove(&split.split);
            }
            let is_known =
                self.next.contains_key(&split.split) || self.drained.contains(&split.split);
            if is_back || !is_known {
                self.next.insert(split.split.clone(), split.start.clone());
                self.generations.insert(split.split.clone(), split.generation);
            }
        }
        if let Some(pinned) = &mut self.pinned {
            // A source may learn only in mid-run where a split ends.
            for split in &status {
                if let Some(end @ None) = pinned.get_mut(&split.split) {
                    end.clone_from(&split.end);
                }
            }
        } else if available_now {
            let ends = status.iter().map(|split| (split.split.clone(), split.end.clone()));
            self.pinned = Some(ends.collect());
        }
        self.released.retain(|split| status.iter().any(|known| &known.split == split));
        self.status = status;
        self.asked = true;
    }

    fn is_readable(&self) -> bool {
        self.link.connected && self.link.retry_at.is_none_or(|at| at <= Instant::now())
    }

    /// The splits that may be read now, where, and up to where.
    pub(super) fn candidates(
        &self,
    ) -> impl Iterator<Item = (&SplitStatus, &Position, Option<&Position>)> {
        let readable = self.is_readable();
        self.status.iter().filter_map(move |status| {
            let next = self.next.get(&status.split)?;
            let pinned_end = match &self.pinned {
                Some(pinned) => Some(pinned.get(&status.split)?.as_ref()),
                None => None,
            };
            let until = pinned_end.flatten();
            let open = readable
                && !matches!(status.phase, SplitPhase::Leaving | SplitPhase::Waiting)
                && !self.drained.contains(&status.split)
                && until.is_none_or(|end| next < end)
                && status.backlog != Some(0);
            open.then_some((status, next, until))
        })
    }

    /// Reads within the grants. A failure counts as nothing read, and does not say that there is
    /// nothing.
    pub(super) async fn read(
        &mut self,
        grants: &[Grant],
        deadline: Instant,
        backoff: &Backoff,
    ) -> Result<Vec<Slice>, SourceError> {
        let answer = self.source.read(grants, deadline).await;
        // Out of time it may have come to some splits only.
        let has_looked = answer.is_ok() && Instant::now() < deadline;
        let slices = self.settle_link(answer, backoff)?.unwrap_or_default();
        for gap in slices.iter().filter(|s| s.range.records == 0 && !s.range.last) {
            self.next.insert(gap.range.split.clone(), gap.range.until.clone());
        }
        let slices: Vec<Slice> =
            slices.into_iter().filter(|s| s.range.records > 0 || s.range.last).collect();
        for slice in &slices {
            self.advance(&slice.range);
        }
        if let Some(pinned) = self.pinned.as_mut().filter(|_| has_looked) {
            for grant in grants {
                let yielded = slices.iter().any(|slice| slice.range.split == grant.split);
                if !yielded && pinned.get(&grant.split).is_some_and(Option::is_none) {
                    // The source could not say where it ended: it ends where a read finds nothing.
                    pinned.insert(grant.split.clone(), Some(grant.from.clone()));
                }
            }
        }
        Ok(slices)
    }

    /// Notes that a range was read.
    pub(super) fn advance(&mut self, range: &Range) {
        self.next.insert(range.split.clone(), range.until.clone());
        self.generations.insert(range.split.clone(), range.generation);
        if range.last {
            self.drained.insert(range.split.clone());
        }
    }

    /// Whether nothing is left that this run is to read.
    pub(super) fn is_exhausted(&self) -> bool {
        if !self.link.connected {
            return false;
        }
        if let Some(pinned) = &self.pinned {
            let status: HashMap<&SplitId, &SplitStatus> =
                self.status.iter().map(|status| (&status.split, status)).collect();
            return pinned.iter().all(|(split, end)| match status.get(split) {
                Some(status) => self.is_done(status, end.as_ref()),
                None => true,
            });
        }
        // A source may have stopped naming splits that are finished, all of them in the end.
        self.source.bounded()
            && self.asked
            && self.status.iter().all(|status| {
                self.drained.contains(&status.split)
                    || (status.phase == SplitPhase::Ended && status.backlog == Some(0))
            })
    }

    /// Whether nothing is left of a split up to the end that was pinned for it.
    fn is_done(&self, status: &SplitStatus, pinned: Option<&Position>) -> bool {
        let next = self.next.get(&status.split);
        let is_past = |end: &Position| next.is_some_and(|next| next >= end);
        // A split that has shrunk ends earlier than it did when the run began.
        let has_ended =
            status.phase == SplitPhase::Ended && status.end.as_ref().is_some_and(is_past);
        self.drained.contains(&status.split) || has_ended || pinned.is_some_and(is_past)
    }

    /// Remembers positions to tell the source, and drops what need not be known any more.
    pub(super) fn committed(&mut self, range: &Range) {
        self.untold.insert(
            range.split.clone(),
            Committed {
                split: range.split.clone(),
                generation: range.generation,
                position: range.until.clone(),
                finished: range.last,
            },
        );
        let known = self.generations.get(&range.split).copied();
        if range.last && known.is_none_or(|generation| generation <= range.generation) {
            self.is_less = true;
            self.next.remove(&range.split);
            self.generations.remove(&range.split);
        }
    }

    /// Whether the source should be told something.
    pub(super) fn has_news(&self) -> bool {
        self.link.connected && !self.untold.is_empty()
    }

    /// Tells the source what is committed, lets go what is leaving, and asks what may be
    /// forgotten. `busy` says of a split whether something of it is read and not committed.
    pub(super) async fn tell(&mut self, busy: &BTreeSet<SplitId>) -> Vec<SplitId> {
        let news: Vec<Committed> = self.untold.values().cloned().collect();
        if let Err(error) = self.source.commit(&news).await {
            tracing::warn!(source = %self.name, %error, "the source did not take its positions; they are told again with the next commit");
            return Vec::new();
        }
        self.untold.clear();
        let leaving: Vec<SplitId> =
            self.leaving().filter(|split| !busy.contains(*split)).cloned().collect();
        if !leaving.is_empty() {
            match self.source.release(&leaving).await {
                Ok(()) => self.released.extend(leaving),
                Err(error) => {
                    tracing::warn!(source = %self.name, %error, "the source did not release splits that are leaving");
                }
            }
        }
        let forgotten = self.source.forget().await;
        for split in &forgotten {
            self.is_less = true;
            self.drained.remove(split);
            self.next.remove(split);
            self.generations.remove(split);
        }
        forgotten
    }

    /// Whether splits went away since this was last asked: a source may know very many, of which
    /// nothing is to be looked at each time.
    pub(super) fn lost_splits(&mut self) -> bool {
        std::mem::take(&mut self.is_less)
    }

    /// Whether the split still exists or is being read.
    pub(super) fn knows(&self, split: &SplitId) -> bool {
        self.next.contains_key(split)
    }

    /// Whether a split waits to leave.
    pub(super) fn has_leaving(&self) -> bool {
        self.link.connected && self.leaving().next().is_some()
    }

    /// Splits that wait to leave.
    pub(super) fn leaving(&self) -> impl Iterator<Item = &SplitId> {
        self.status
            .iter()
            .filter(|status| status.phase == SplitPhase::Leaving)
            .map(|status| &status.split)
            .filter(|split| !self.released.contains(*split))
    }

    /// Sorts an answer of the source: what can be mended by trying again becomes a pause.
    pub(super) fn settle_link<T>(
        &mut self,
        answer: Result<T, SourceError>,
        backoff: &Backoff,
    ) -> Result<Option<T>, SourceError> {
        let (error, connected) = match answer {
            Ok(value) => {
                self.link.failures = 0;
                self.link.retry_at = None;
                self.link.error = None;
                return Ok(Some(value));
            }
            Err(SourceError::Disconnected(error)) => (error, false),
            Err(SourceError::Transient(error)) => (error, self.link.connected),
            Err(error) => return Err(error),
        };
        self.link.failures += 1;
        let mut pause: Duration = backoff.pause(self.link.failures, fastrand::f64());
        if connected {
            // What stays connected mends itself, and should be read again soon after it did.
            pause = pause.min(MENDING_PAUSE);
        }
        self.link.connected = connected;
        self.link.retry_at = Some(Instant::now() + pause);
        if self.link.error.as_ref() != Some(&error) {
            tracing::warn!(source = %self.name, %error, "the source cannot be read; trying again");
        }
        self.link.error = Some(error);
        Ok(None)
    }
}

#[cfg(test)]
mod tests;

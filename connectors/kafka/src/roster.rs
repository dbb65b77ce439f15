//! The partitions that are owned now.

use std::collections::BTreeMap;
use std::sync::Arc;

use forebay_core::split::{SplitPhase, SplitStatus};
use forebay_core::{Position, SplitId};

use crate::lane::Lane;
use crate::loss::{Extent, Loss};
use crate::policy::OnLoss;
use crate::report::Standing;

/// Looks in a row that must find a partition to end before its position until it is believed.
const BELIEVED: u8 = 3;

/// The partitions that are owned now.
#[derive(Default)]
pub(crate) struct Roster {
    pub(crate) entries: BTreeMap<SplitId, Entry>,
    /// The generation under which the engine heard of each split last.
    told: BTreeMap<SplitId, u64>,
}

/// A partition that is owned.
pub(crate) struct Entry {
    pub(crate) lane: Arc<Lane>,
    pub(crate) generation: u64,
    /// Where reading begins under this generation; moved by each commit.
    pub(crate) start: i64,
    /// The offset after the last record that is known.
    pub(crate) end: i64,
    /// Records before it are gone, and that is accounted for.
    pub(crate) floor: i64,
    /// Where reading ends for good.
    pub(crate) stop_at: Option<i64>,
    /// It is to go to another member.
    pub(crate) leaving: bool,
    /// What is read next.
    pub(crate) next: i64,
    /// The topic was found to be another of the same name.
    pub(crate) is_anew: bool,
    /// Whether an offset was found not to be there.
    pub(crate) is_suspect: bool,
    /// Looks in a row that found it to end before its position.
    below: u8,
}

impl Entry {
    pub(crate) fn new(lane: Arc<Lane>, generation: u64, start: i64, end: i64) -> Self {
        Self {
            lane,
            generation,
            start,
            end,
            floor: 0,
            stop_at: None,
            leaving: false,
            next: start,
            is_anew: false,
            is_suspect: false,
            below: 0,
        }
    }

    /// Where there is nothing more to read, as far as is known.
    fn limit(&self) -> i64 {
        self.stop_at.map_or(self.end, |stop_at| stop_at.min(self.end))
    }

    fn status(&self, split: &SplitId, next: i64, may_guess: bool) -> SplitStatus {
        let limit = self.limit().max(next);
        let offset = |offset: i64| Position::from(u64::try_from(offset).unwrap_or(0));
        let is_open = self.stop_at.is_none_or(|stop_at| next < stop_at);
        // Something came that no look has found yet.
        let is_guess = may_guess && limit == next && is_open && self.lane.has_news();
        let backlog = if is_guess { 1 } else { limit - next };
        SplitStatus {
            split: split.clone(),
            generation: self.generation,
            start: offset(self.start),
            end: (!is_guess).then(|| offset(limit)),
            backlog: u64::try_from(backlog).ok(),
            oldest_ms: None,
            phase: match (self.leaving, self.stop_at) {
                (true, _) => SplitPhase::Leaving,
                (false, Some(stop_at)) if self.end >= stop_at => SplitPhase::Ended,
                (false, _) => SplitPhase::Active,
            },
        }
    }

    /// Takes notice of where the partition ends. `asked_at` is where reading stood when it was
    /// asked.
    pub(crate) fn see_end(&mut self, end: i64, asked_at: i64) {
        if end >= asked_at {
            self.below = 0;
            self.end = end.max(self.next);
            return;
        }
        // A new leader may not know yet how far the old one was.
        self.below = self.below.saturating_add(1);
        self.is_suspect |= self.below >= BELIEVED;
    }

    /// Goes on after a loss as the policy wants; `generation` is for what has to be read from an
    /// earlier offset than before. Returns where reading goes on.
    pub(crate) fn pass_over(
        &mut self,
        loss: Loss,
        extent: Extent,
        policy: OnLoss,
        generation: u64,
    ) -> i64 {
        let next = match policy {
            OnLoss::Earliest => extent.low,
            OnLoss::Latest | OnLoss::Fail => extent.end,
        };
        (self.is_suspect, self.is_anew) = (false, false);
        self.below = 0;
        self.end = extent.end;
        match loss {
            Loss::Deleted => self.floor = next,
            Loss::CutBack | Loss::MadeAnew => {
                self.generation = generation.max(self.generation + 1);
                self.start = next;
                self.next = next;
                self.floor = 0;
            }
        }
        next
    }
}

impl Roster {
    pub(crate) fn insert(&mut self, split: SplitId, entry: Entry) {
        self.entries.insert(split, entry);
    }

    /// How the partitions stand, for an engine that will read each at `next`.
    pub(crate) fn statuses(&mut self, next: &BTreeMap<SplitId, Position>) -> Vec<SplitStatus> {
        let mut statuses = Vec::with_capacity(self.entries.len());
        for (split, entry) in &mut self.entries {
            let told = self.told.insert(split.clone(), entry.generation);
            let known = next.get(split).and_then(Position::as_u64);
            let known = known.and_then(|offset| i64::try_from(offset).ok());
            // A new generation is read from its start, wherever the old one stood.
            let is_new = told.is_some_and(|told| told != entry.generation);
            entry.next = known.filter(|_| !is_new).unwrap_or(entry.start);
            statuses.push(entry.status(split, entry.next, told.is_some()));
        }
        statuses
    }

    /// Whether something can be read.
    pub(crate) fn has_work(&self) -> bool {
        self.entries.values().any(|entry| {
            let is_open = entry.stop_at.is_none_or(|stop_at| entry.next < stop_at);
            entry.leaving || (is_open && (entry.lane.has_news() || entry.next < entry.limit()))
        })
    }

    /// Where the partitions stand, for those who look.
    pub(crate) fn standings(&self) -> impl Iterator<Item = (String, Standing)> {
        self.entries.iter().map(|(split, entry)| {
            let standing = Standing {
                next: entry.next,
                end: Some(entry.end),
                generation: entry.generation,
                leaving: entry.leaving,
            };
            (split.to_string(), standing)
        })
    }
}

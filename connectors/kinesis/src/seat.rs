//! A shard that is read, as the engine sees it.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use forebay_core::split::{SplitPhase, SplitStatus};
use forebay_core::{Position, SplitId};
use tokio::task::AbortHandle;

use crate::lane::{Lane, Reach};
use crate::place::Place;
use crate::report::{Doing, Standing};

/// A shard that is read.
pub(crate) struct Seat {
    pub(crate) lane: Arc<Lane>,
    task: AbortHandle,
    pub(crate) generation: u64,
    /// The generation of its lease, if shards are shared.
    pub(crate) lease: u64,
    /// Where reading begins under this generation, while no position is known.
    pub(crate) start: Place,
    /// The generation under which the engine heard of it last.
    told: u64,
}

/// Now, in milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

impl Seat {
    pub(crate) fn new(lane: Arc<Lane>, task: AbortHandle, start: Place) -> Self {
        Self { lane, task, generation: 0, lease: 0, start, told: 0 }
    }

    /// The same under a lease.
    pub(crate) fn under(mut self, lease: u64) -> Self {
        (self.generation, self.lease) = (lease, lease);
        self
    }

    /// Goes on elsewhere, whatever was read: under a generation above all before, also of earlier
    /// runs.
    pub(crate) fn begin_anew(&mut self, start: Place) {
        let now = u64::try_from(now_ms()).unwrap_or(0);
        self.generation = now.max(self.generation + 1);
        self.lane.turn_to(&start);
        self.start = start;
    }

    /// Where it is read next, for an engine that knows of `next`.
    pub(crate) fn next(&self, next: Option<Place>) -> Place {
        // A new generation is read from its start, wherever the old one stood.
        let is_new = self.told != self.generation;
        match next.filter(|_| !is_new) {
            Some(next) => next,
            // Its end is committed, and that is about to be told.
            None if *self.lane.state().shelf.head() == Place::End => Place::End,
            None => self.start.clone(),
        }
    }

    /// How it stands, when it is read next behind `next`.
    pub(crate) fn status(&mut self, split: &SplitId, next: &Place) -> SplitStatus {
        self.told = self.generation;
        self.lane.turn_to(next);
        let state = self.lane.state();
        let records = state.shelf.records();
        let (end, backlog, phase) = match state.reach {
            Reach::End => {
                let is_said = *state.shelf.head() == Place::End;
                let backlog = (is_said || records > 0).then_some(records);
                (Some(Place::End), backlog, SplitPhase::Ended)
            }
            Reach::Tip => (Some(state.shelf.tail()), Some(records), SplitPhase::Active),
            // An answer is on its way.
            Reach::Under if records == 0 => (None, None, SplitPhase::Waiting),
            Reach::Under => (None, None, SplitPhase::Active),
        };
        let age = state.shelf.oldest_ms().map(|arrival| now_ms().saturating_sub(arrival));
        let age = age.map(|age| u64::try_from(age).unwrap_or(0));
        let oldest_ms = age.or(state.behind_ms.filter(|behind| *behind > 0));
        SplitStatus {
            split: split.clone(),
            generation: self.generation,
            start: Position::from(&self.start),
            end: end.as_ref().map(Position::from),
            backlog,
            oldest_ms,
            phase,
        }
    }

    /// How it stands, for those who look.
    pub(crate) fn standing(&self) -> Standing {
        let state = self.lane.state();
        let is_ended = state.reach == Reach::End && state.shelf.is_empty();
        Standing {
            next: state.shelf.head().to_string(),
            behind_ms: state.behind_ms,
            fetched: state.shelf.records(),
            doing: if is_ended { Doing::Ended } else { Doing::Read },
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.task.abort();
    }
}

//! What is fetched of one shard, and how it stands.

use std::sync::{Mutex, MutexGuard, PoisonError};

use forebay_core::SplitId;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::aggregate::HashRange;
use crate::pace::Pace;
use crate::place::Place;
use crate::service::Shard;
use crate::shelf::Shelf;

/// One shard that is being read: a task fetches, the source takes.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) shard: SplitId,
    pub(crate) hashes: HashRange,
    state: Mutex<State>,
    /// Rung when there is room, or another place to read from.
    pub(crate) turned: Notify,
}

/// How a lane stands.
#[derive(Debug)]
pub(crate) struct State {
    /// It rises whenever reading is to go on elsewhere.
    pub(crate) turn: u64,
    pub(crate) shelf: Shelf,
    pub(crate) reach: Reach,
    /// How far the last answer was behind the tip, in milliseconds.
    pub(crate) behind_ms: Option<u64>,
    /// Whether an answer came since it was turned.
    pub(crate) is_answered: bool,
    pub(crate) fault: Option<Fault>,
    /// What is wrong, and since when, while answers are no good.
    pub(crate) trouble: Option<(String, Instant)>,
    /// Shards that come after this one.
    pub(crate) children: Vec<Shard>,
    pub(crate) pace: Pace,
}

/// How far fetching has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// There may be more at once.
    Under,
    /// All that there was at the last answer is fetched.
    Tip,
    /// All that there will ever be is fetched.
    End,
}

/// Why a shard cannot be read on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The record that reading goes on behind is not there any more.
    Lost,
    /// The service does not know the place.
    Foreign(String),
    /// The shard is not there any more.
    Gone(String),
}

impl Lane {
    pub(crate) fn new(shard: &SplitId, hashes: HashRange, from: Place) -> Self {
        let state = State {
            turn: 0,
            reach: reach_of(&from),
            shelf: Shelf::new(from),
            behind_ms: None,
            is_answered: false,
            fault: None,
            trouble: None,
            children: Vec::new(),
            pace: Pace::new(Instant::now()),
        };
        Self { shard: shard.clone(), hashes, state: Mutex::new(state), turned: Notify::new() }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes reading go on behind a place, if it would not anyway.
    pub(crate) fn turn_to(&self, place: &Place) {
        let mut state = self.state();
        if state.shelf.head() == place && state.fault.is_none() {
            return;
        }
        state.turn += 1;
        state.shelf = Shelf::new(place.clone());
        state.reach = reach_of(place);
        (state.is_answered, state.behind_ms, state.fault) = (false, None, None);
        drop(state);
        self.turned.notify_one();
    }
}

fn reach_of(place: &Place) -> Reach {
    if *place == Place::End { Reach::End } else { Reach::Under }
}

impl State {
    /// Whether a look at it finds something that was not there before.
    pub(crate) fn has_work(&self) -> bool {
        !self.shelf.is_empty() || self.has_unsaid_end() || self.fault.is_some()
    }

    /// Whether it ended, and nobody was told yet.
    pub(crate) fn has_unsaid_end(&self) -> bool {
        self.reach == Reach::End && self.shelf.is_empty() && *self.shelf.head() != Place::End
    }

    /// Notes that the end was told.
    pub(crate) fn say_end(&mut self) {
        self.shelf = Shelf::new(Place::End);
    }
}

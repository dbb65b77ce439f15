//! What the tasks that keep leases share with the source.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use forebay_core::SplitId;
use tokio::sync::Notify;

use super::holdings::Holdings;
use super::settings::Settings;
use super::table::Table;
use crate::shared::Shared;

/// What the tasks that keep leases share with the source.
pub(crate) struct Board {
    pub(crate) table: Arc<dyn Table>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) settings: Settings,
    state: Mutex<State>,
    /// Rung when something is to be written.
    pub(crate) write: Notify,
    /// Rung when the table is to be looked at.
    pub(crate) look: Notify,
}

/// What is known of the leases.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) holdings: Holdings,
    /// Shards that have a lease and are not read to their end.
    pub(crate) open: BTreeSet<SplitId>,
    /// Leases that nobody holds, as it seemed at the last look.
    pub(crate) unowned: u64,
    /// Leases that were taken, since the start.
    pub(crate) taken: u64,
    /// Leases that were lost to others, or for want of an answer, since the start.
    pub(crate) lost: u64,
    /// Leases that were left to others, since the start.
    pub(crate) left: u64,
    /// Who took a lease of this worker under its own name, if somebody did.
    pub(crate) successor: Option<String>,
    /// Why the table could not be looked at, if so.
    pub(crate) look_trouble: Option<String>,
    /// Why a lease could not be written, if so.
    pub(crate) write_trouble: Option<String>,
}

impl Board {
    pub(crate) fn new(table: Arc<dyn Table>, shared: Arc<Shared>, settings: Settings) -> Self {
        let state = State {
            holdings: Holdings::new(settings.clone()),
            open: BTreeSet::new(),
            unowned: 0,
            taken: 0,
            lost: 0,
            left: 0,
            successor: None,
            look_trouble: None,
            write_trouble: None,
        };
        let state = Mutex::new(state);
        Self { table, shared, settings, state, write: Notify::new(), look: Notify::new() }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the source know that something changed.
    pub(crate) fn tell(&self) {
        self.shared.bell.notify_waiters();
    }
}

impl State {
    /// A lease was lost.
    pub(crate) fn lose(&mut self, shard: &SplitId, why: &str) {
        tracing::warn!(%shard, why, "lost a lease");
        self.lost += 1;
    }

    /// A lease was lost to whoever has it now.
    pub(crate) fn lose_to(&mut self, shard: &SplitId, owner: Option<&str>, settings: &Settings) {
        let owner = owner.unwrap_or("nobody");
        self.lose(shard, &format!("`{owner}` has it"));
        if settings.is_other_life(owner) {
            self.successor = Some(owner.to_owned());
        }
    }
}

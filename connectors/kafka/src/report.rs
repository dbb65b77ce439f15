//! What is going on, for those who look from outside.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use forebay_core::component::Observe;
use serde::Serialize;

use crate::loss::Loss;
use crate::partition::Partition;

/// What is going on, shared with those who look.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report(Arc<Mutex<State>>);

/// How many losses are named.
const NAMED: usize = 16;
/// How many partitions are named.
const PARTITIONS: usize = 1024;

/// The state that is reported.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct State {
    /// Where each partition stands.
    pub(crate) partitions: BTreeMap<String, Standing>,
    /// Partitions that were assigned to this gateway, since the start.
    pub(crate) assigned: u64,
    /// Partitions that were taken from this gateway, since the start.
    pub(crate) revoked: u64,
    /// Partitions that were lost, or had to go before all that was read of them was committed.
    pub(crate) undrained: u64,
    /// Offsets that were gone before they were read, since the start.
    pub(crate) lost_offsets: u64,
    /// Losses, since the start.
    pub(crate) losses: u64,
    /// The latest losses, in words.
    pub(crate) latest_losses: VecDeque<String>,
    /// Headers that were left out because their names are no UTF-8, since the start.
    pub(crate) broken_headers: u64,
    /// Why positions could not be told to the group, if that is so.
    pub(crate) commit_error: Option<String>,
    /// What is wrong with the connection, if something is.
    pub(crate) trouble: Option<String>,
}

/// Where a partition stands.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Standing {
    /// The offset that is read next.
    pub(crate) next: i64,
    /// The offset after the last record.
    pub(crate) end: Option<i64>,
    /// The assignment under which it is owned.
    pub(crate) generation: u64,
    /// Whether it is about to go to another member of the group.
    pub(crate) leaving: bool,
}

impl Report {
    /// Changes what is reported.
    pub(crate) fn update(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
    }

    /// Counts a loss that was passed over.
    pub(crate) fn lost(&self, partition: &Partition, loss: Loss, position: i64, next: i64) {
        let missing = loss.missing(position, next);
        let text = match loss {
            Loss::Deleted => format!(
                "{missing} offsets of `{partition}` from {position} on were gone; going on at {next}"
            ),
            Loss::CutBack | Loss::MadeAnew => format!(
                "`{partition}` was made anew or cut back below {position}; going on at {next}"
            ),
        };
        tracing::warn!(%partition, position, next, missing, "records are lost: {text}");
        self.update(|state| {
            state.losses += 1;
            state.lost_offsets += missing;
            state.latest_losses.push_back(text);
            if state.latest_losses.len() > NAMED {
                state.latest_losses.pop_front();
            }
        });
    }

    /// Replaces where the partitions stand.
    pub(crate) fn stand(&self, all: impl Iterator<Item = (String, Standing)>) {
        self.lock().partitions = all.take(PARTITIONS).collect();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observe for Report {
    fn observe(&self) -> serde_json::Value {
        serde_json::to_value(&*self.lock()).unwrap_or_default()
    }
}

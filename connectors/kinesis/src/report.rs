//! What is going on, for those who look from outside.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use forebay_core::SplitId;
use forebay_core::component::Observe;
use serde::Serialize;

/// What is going on, shared with those who look.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report(Arc<Mutex<State>>);

/// How many losses are named.
const NAMED: usize = 16;
/// How many shards are named.
const SHARDS: usize = 1024;

/// The state that is reported.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct State {
    /// Where each shard stands.
    pub(crate) shards: BTreeMap<String, Standing>,
    /// Calls for records that were answered, since the start.
    pub(crate) calls: u64,
    /// Bytes of the records that they brought.
    pub(crate) fetched_bytes: u64,
    /// Calls that the service refused because there were too many, since the start.
    pub(crate) throttled: u64,
    /// Subscriptions that were made, since the start; none where shards are polled.
    pub(crate) subscriptions: u64,
    /// Iterators that had expired, since the start.
    pub(crate) renewed: u64,
    /// Aggregates that were left out because their producer sends them again.
    pub(crate) misplaced_aggregates: u64,
    /// The leases, if the shards are shared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) leases: Option<Leases>,
    /// Losses, since the start.
    pub(crate) losses: u64,
    /// The latest losses, in words.
    pub(crate) latest_losses: VecDeque<String>,
    /// What is wrong with the connection, if something is.
    pub(crate) trouble: Option<String>,
}

/// What is going on with leases.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Leases {
    /// The name of this worker in the table.
    pub(crate) worker: String,
    /// Leases that this gateway holds.
    pub(crate) held: usize,
    /// Leases that nobody holds: their shards are not read.
    pub(crate) unowned: u64,
    /// Leases that were taken, since the start.
    pub(crate) taken: u64,
    /// Leases that were lost to others, or for want of an answer, since the start.
    pub(crate) lost: u64,
    /// Leases that were left to others, since the start.
    pub(crate) left: u64,
    /// What is wrong with the table, if something is.
    pub(crate) trouble: Option<String>,
}

/// Where a shard stands.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Standing {
    /// Behind this position is read next.
    pub(crate) next: String,
    /// How far the last answer was behind the tip of the shard, in milliseconds.
    pub(crate) behind_ms: Option<u64>,
    /// Records that are fetched and not read yet.
    pub(crate) fetched: u64,
    /// What it does.
    pub(crate) doing: Doing,
}

/// What a shard does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Doing {
    /// It is read.
    Read,
    /// It waits until its parents are read to their end and committed.
    Waits,
    /// It is read to its end, and that is not committed yet.
    Ended,
    /// It goes to another gateway as soon as what was read is committed.
    Leaves,
}

impl Report {
    /// Changes what is reported.
    pub(crate) fn update(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
    }

    /// Counts a loss that was passed over.
    pub(crate) fn lost(&self, shard: &SplitId, text: String) {
        tracing::warn!(%shard, "records are lost: {text}");
        self.update(|state| {
            state.losses += 1;
            state.latest_losses.push_back(text);
            if state.latest_losses.len() > NAMED {
                state.latest_losses.pop_front();
            }
        });
    }

    /// Replaces where the shards stand.
    pub(crate) fn stand(&self, all: impl Iterator<Item = (String, Standing)>) {
        let shards = all.take(SHARDS).collect();
        self.lock().shards = shards;
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

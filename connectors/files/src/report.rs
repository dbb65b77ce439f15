//! What is going on, for those who look from outside.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use forebay_core::component::Observe;
use serde::Serialize;

/// What is going on, shared with those who look.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report(Arc<Mutex<State>>);

/// How many files with problems are named.
const NAMED: usize = 16;

/// The state that is reported.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct State {
    /// Files that are not read to their end yet.
    pub(crate) pending: usize,
    /// Files that are not quiet yet.
    pub(crate) unsettled: usize,
    /// Files that were read and are remembered, so that they are not read again.
    pub(crate) remembered: usize,
    /// Time that the last look at the folder took, in milliseconds.
    pub(crate) listing_ms: u64,
    /// Files and folders that cannot be read, and why; the first of them.
    pub(crate) unreadable: BTreeMap<String, String>,
    /// Files whose unread rest is lost, since the start.
    pub(crate) cut: u64,
    /// Files that were written to after they were read, since the start.
    pub(crate) grown: u64,
    /// Files that were deleted or moved, since the start.
    pub(crate) retired: u64,
    /// Files that could not be deleted or moved, since the start.
    pub(crate) retire_failures: u64,
}

impl Report {
    /// Changes what is reported.
    pub(crate) fn update(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Names those that cannot be read.
    pub(crate) fn name_unreadable<'a>(&mut self, all: impl Iterator<Item = (String, &'a str)>) {
        self.unreadable = all.take(NAMED).map(|(path, why)| (path, why.to_owned())).collect();
    }
}

impl Observe for Report {
    fn observe(&self) -> serde_json::Value {
        serde_json::to_value(&*self.lock()).unwrap_or_default()
    }
}

//! What is going on, for those who look from outside.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use forebay_core::component::Observe;
use serde::Serialize;

/// What is going on, shared with those who look.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report(Arc<Mutex<State>>);

/// How many files with problems are named.
pub(crate) const NAMED: usize = 16;

/// The state that is reported.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct State {
    /// Files that are followed.
    pub(crate) followed: usize,
    /// Of these, files of which something is left to be read, or not committed.
    pub(crate) active: usize,
    /// Files that are open.
    pub(crate) open: usize,
    /// Files that are gone or were truncated, and are not forgotten yet.
    pub(crate) gone: usize,
    /// Files that may be copies of others, of which it is not known yet.
    pub(crate) held: usize,
    /// Time that the last look at all folders took, in milliseconds.
    pub(crate) listing_ms: u64,
    /// Files and folders that cannot be read, and why; the first of them.
    pub(crate) unreadable: BTreeMap<String, String>,
    /// Files that were truncated or replaced under their inode, since the start.
    pub(crate) truncated: u64,
    /// Files whose unread rest is lost, since the start.
    pub(crate) cut: u64,
    /// Bytes of these.
    pub(crate) cut_bytes: u64,
    /// Files that are gone and were forgotten, since the start.
    pub(crate) forgotten: u64,
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

impl Observe for Report {
    fn observe(&self) -> serde_json::Value {
        serde_json::to_value(&*self.lock()).unwrap_or_default()
    }
}

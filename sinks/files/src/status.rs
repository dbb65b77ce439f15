//! What can be seen from outside.

use std::sync::{Mutex, PoisonError};

use forebay_core::component::Observe;
use serde_json::{Value, json};

/// How the sink stands after its last step.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    /// Files that are being written.
    pub(crate) open_files: usize,
    /// Bytes and rows that no receipt names yet.
    pub(crate) staged_bytes: u64,
    pub(crate) staged_rows: u64,
    /// Files that a receipt names and readers do not see yet.
    pub(crate) settled_files: usize,
    /// Files that this run published, and the last of them.
    pub(crate) published_files: u64,
    pub(crate) last_published: Option<String>,
    /// Files of a receipt that were neither staged nor published any more.
    pub(crate) missing_files: u64,
}

/// The last snapshot, shared with who looks at it.
#[derive(Debug, Default)]
pub(crate) struct Status(Mutex<Snapshot>);

impl Status {
    pub(crate) fn update(&self, change: impl FnOnce(&mut Snapshot)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Observe for Status {
    fn observe(&self) -> Value {
        let now = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        json!({
            "open_files": now.open_files,
            "staged_bytes": now.staged_bytes,
            "staged_rows": now.staged_rows,
            "settled_files": now.settled_files,
            "published_files": now.published_files,
            "last_published": now.last_published,
            "missing_files": now.missing_files,
        })
    }
}

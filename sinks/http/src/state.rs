//! What is to be seen of the sink from outside.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use forebay_core::component::Observe;
use serde_json::{Value, json};

/// Counts since the start of the process, and what is so now.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) requests: AtomicU64,
    pub(crate) rows: AtomicU64,
    pub(crate) bytes: AtomicU64,
    /// Answers that asked to come later.
    pub(crate) later: AtomicU64,
    pub(crate) refused_rows: AtomicU64,
    last_error: Mutex<Option<String>>,
}

impl State {
    /// What went wrong last.
    pub(crate) fn set_error(&self, error: &str) {
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_owned());
    }
}

impl Observe for State {
    fn observe(&self) -> Value {
        let last_error = self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone();
        json!({
            "requests": self.requests.load(Relaxed),
            "rows": self.rows.load(Relaxed),
            "bytes": self.bytes.load(Relaxed),
            "later": self.later.load(Relaxed),
            "refused_rows": self.refused_rows.load(Relaxed),
            "last_error": last_error,
        })
    }
}

//! What is to be seen of the sink from outside.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use forebay_core::component::Observe;
use serde_json::{Value, json};

/// Counts since the start of the process, and what is so now.
#[derive(Debug, Default)]
pub(crate) struct State {
    pid: Mutex<Option<u32>>,
    pub(crate) starts: AtomicU64,
    pub(crate) batches: AtomicU64,
    pub(crate) rows: AtomicU64,
    pub(crate) refused_rows: AtomicU64,
    pub(crate) complaints: Arc<AtomicU64>,
    last_error: Mutex<Option<String>>,
}

impl State {
    pub(crate) fn set_pid(&self, pid: Option<u32>) {
        *self.pid.lock().unwrap_or_else(PoisonError::into_inner) = pid;
    }

    /// What went wrong last.
    pub(crate) fn set_error(&self, error: &str) {
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_owned());
    }
}

impl Observe for State {
    fn observe(&self) -> Value {
        let pid = *self.pid.lock().unwrap_or_else(PoisonError::into_inner);
        let last_error = self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone();
        json!({
            "pid": pid,
            "starts": self.starts.load(Relaxed),
            "batches": self.batches.load(Relaxed),
            "rows": self.rows.load(Relaxed),
            "refused_rows": self.refused_rows.load(Relaxed),
            "stderr_lines": self.complaints.load(Relaxed),
            "last_error": last_error,
        })
    }
}

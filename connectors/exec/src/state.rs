//! What is to be seen of the receiver from outside.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use forebay_core::component::Observe;
use serde_json::{Value, json};

/// Counts since the start of the process, and what is so now.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// The process id, if the program runs.
    pub(crate) pid: Mutex<Option<u32>>,
    pub(crate) starts: AtomicU64,
    pub(crate) records: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) rejected: AtomicU64,
    /// Records of the program that runs now that were taken.
    pub(crate) taken: AtomicU64,
    pub(crate) complaints: Arc<AtomicU64>,
    last_error: Mutex<Option<String>>,
}

impl State {
    pub(crate) fn set_pid(&self, pid: Option<u32>) {
        *self.pid.lock().unwrap_or_else(PoisonError::into_inner) = pid;
    }

    /// What went wrong last.
    pub(crate) fn set_error(&self, error: impl ToString) {
        let error = Some(error.to_string());
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }
}

impl Observe for State {
    fn observe(&self) -> Value {
        let pid = *self.pid.lock().unwrap_or_else(PoisonError::into_inner);
        let last_error = self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone();
        json!({
            "pid": pid,
            "starts": self.starts.load(Relaxed),
            "records": self.records.load(Relaxed),
            "bytes": self.bytes.load(Relaxed),
            "rejected": self.rejected.load(Relaxed),
            "taken": self.taken.load(Relaxed),
            "stderr_lines": self.complaints.load(Relaxed),
            "last_error": last_error,
        })
    }
}

//! What can be seen from outside.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use forebay_core::component::Observe;
use serde_json::{Value, json};

/// What can be seen from outside.
#[derive(Debug, Default)]
pub(crate) struct Status {
    pub(crate) records: AtomicU64,
    pub(crate) requests: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) written_again: AtomicU64,
    trouble: Mutex<Option<String>>,
}

impl Status {
    /// Counts.
    pub(crate) fn add(to: &AtomicU64, number: u64) {
        to.fetch_add(number, Ordering::Relaxed);
    }

    /// What is wrong, until something works.
    pub(crate) fn trouble(&self, text: Option<&str>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = text.map(str::to_owned);
    }
}

impl Observe for Status {
    fn observe(&self) -> Value {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        json!({
            "records": count(&self.records),
            "requests": count(&self.requests),
            "refused": count(&self.refused),
            "written_again": count(&self.written_again),
            "trouble": *self.trouble.lock().unwrap_or_else(PoisonError::into_inner),
        })
    }
}

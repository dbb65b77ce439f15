//! What can be seen from outside.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use forebay_core::component::Observe;
use serde_json::{Value, json};

/// What can be seen from outside.
#[derive(Debug, Default)]
pub(crate) struct Status {
    pub(crate) records: AtomicU64,
    pub(crate) written_again: AtomicU64,
    pub(crate) clients: AtomicU64,
    pub(crate) committed: AtomicU64,
    pub(crate) aborted: AtomicU64,
    pub(crate) recognised: AtomicU64,
    trouble: Mutex<Option<String>>,
}

impl Status {
    /// Counts.
    pub(crate) fn add(&self, to: &AtomicU64, number: usize) {
        to.fetch_add(number as u64, Ordering::Relaxed);
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
            "written_again": count(&self.written_again),
            "clients_made": count(&self.clients),
            "transactions_committed": count(&self.committed),
            "transactions_aborted": count(&self.aborted),
            "batches_recognised": count(&self.recognised),
            "trouble": *self.trouble.lock().unwrap_or_else(PoisonError::into_inner),
        })
    }
}

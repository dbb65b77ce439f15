//! What the sink has taken.

use std::sync::atomic::{AtomicU64, Ordering};

use forebay_core::component::Observe;

/// Rows and batches since the start.
#[derive(Debug, Default)]
pub struct Count {
    rows: AtomicU64,
    batches: AtomicU64,
}

impl Count {
    /// Counts one batch.
    pub fn add(&self, rows: usize) {
        self.rows.fetch_add(u64::try_from(rows).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.batches.fetch_add(1, Ordering::Relaxed);
    }

    /// Rows so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Batches so far.
    #[must_use]
    pub fn batches(&self) -> u64 {
        self.batches.load(Ordering::Relaxed)
    }
}

impl Observe for Count {
    fn observe(&self) -> serde_json::Value {
        serde_json::json!({ "rows": self.rows(), "batches": self.batches() })
    }
}

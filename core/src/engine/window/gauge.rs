//! How many rows a sink holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How many rows a sink was given and has not answered for.
#[derive(Clone, Debug, Default)]
pub(in crate::engine) struct Gauge(Arc<AtomicU64>);

impl Gauge {
    pub(super) fn rows(&self) -> u64 {
        self.0.load(Relaxed)
    }

    /// The sink holds so many rows, until the result is dropped.
    pub(in crate::engine) fn hold(&self, rows: usize) -> Holding {
        let holding = Holding(self.clone());
        holding.set(rows);
        holding
    }
}

/// Rows that a sink holds, for as long as this lives.
#[derive(Debug)]
pub(in crate::engine) struct Holding(Gauge);

impl Holding {
    /// Some of them were answered for: so many are left.
    pub(in crate::engine) fn set(&self, rows: usize) {
        self.0.0.store(rows as u64, Relaxed);
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        self.set(0);
    }
}

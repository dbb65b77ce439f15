//! What is to be seen of either receiver from outside.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use forebay_core::component::Observe;
use forebay_core::traffic::Traffic;
use serde_json::{Value, json};

/// Counts since the start of the process, and what is so now.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) traffic: Traffic,
    /// Batches that are being stored.
    pub(crate) in_flight: AtomicU64,
    /// Batches that are kept, and whose agents were told so.
    pub(crate) ok: AtomicU64,
    /// Batches that could not be kept for now, and whose agents were told so.
    pub(crate) failed: AtomicU64,
    /// Batches that could not be taken at all.
    pub(crate) errors: AtomicU64,
    /// Events that were larger than they may be.
    pub(crate) oversize: AtomicU64,
}

impl Observe for State {
    fn observe(&self) -> Value {
        let mut seen = self.traffic.observe();
        seen["oversize"] = self.oversize.load(Relaxed).into();
        seen["batches"] = json!({
            "in_flight": self.in_flight.load(Relaxed),
            "ok": self.ok.load(Relaxed),
            "failed": self.failed.load(Relaxed),
            "errors": self.errors.load(Relaxed),
        });
        seen
    }
}

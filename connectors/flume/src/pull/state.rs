//! What is to be seen of the receiver from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use forebay_core::component::Observe;
use serde_json::Value;

use crate::state::State;

/// Counts since the start of the process, and what is so now.
#[derive(Debug, Default)]
pub(crate) struct PullState {
    pub(crate) shared: Arc<State>,
    /// Connections that wait for a batch.
    pub(crate) waiting: AtomicU64,
    /// Batches that were acknowledged after the sink's timeout: they come again.
    pub(crate) late: AtomicU64,
}

impl Observe for PullState {
    fn observe(&self) -> Value {
        let mut seen = self.shared.observe();
        seen["connections"]["waiting"] = self.waiting.load(Relaxed).into();
        seen["batches"]["late"] = self.late.load(Relaxed).into();
        seen
    }
}

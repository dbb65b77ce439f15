//! What is to be seen of the receiver from outside.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use forebay_core::component::Observe;
use forebay_core::traffic::Traffic;
use http::StatusCode;
use serde_json::{Value, json};

/// Counts since the start of the process, and what is so now.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) traffic: Traffic,
    pub(crate) in_flight: AtomicU64,
    succeeded: AtomicU64,
    busy: AtomicU64,
    client_errors: AtomicU64,
    server_errors: AtomicU64,
}

impl State {
    pub(crate) fn answered(&self, status: StatusCode) {
        let count = match status.as_u16() {
            429 => &self.busy,
            400..=499 => &self.client_errors,
            500.. => &self.server_errors,
            _ => &self.succeeded,
        };
        count.fetch_add(1, Relaxed);
    }
}

impl Observe for State {
    fn observe(&self) -> Value {
        let mut seen = self.traffic.observe();
        seen["requests"] = json!({
            "in_flight": self.in_flight.load(Relaxed),
            "2xx": self.succeeded.load(Relaxed),
            "4xx": self.client_errors.load(Relaxed),
            "429": self.busy.load(Relaxed),
            "5xx": self.server_errors.load(Relaxed),
        });
        seen
    }
}

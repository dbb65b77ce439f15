//! What is to be seen of the receiver from outside.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use forebay_core::component::Observe;
use http::StatusCode;
use serde_json::{Value, json};

/// Counts since the start of the process, and what is so now.
#[derive(Debug, Default)]
pub(crate) struct State {
    listening: Mutex<Option<SocketAddr>>,
    last_error: Mutex<Option<String>>,
    pub(crate) open: AtomicU64,
    pub(crate) total: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) in_flight: AtomicU64,
    pub(crate) records: AtomicU64,
    pub(crate) bytes: AtomicU64,
    succeeded: AtomicU64,
    busy: AtomicU64,
    client_errors: AtomicU64,
    server_errors: AtomicU64,
}

impl State {
    pub(crate) fn set_listening(&self, address: Option<SocketAddr>) {
        *self.listening.lock().unwrap_or_else(PoisonError::into_inner) = address;
    }

    pub(crate) fn set_error(&self, error: impl ToString) {
        let error = Some(error.to_string());
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }

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
        let listening = *self.listening.lock().unwrap_or_else(PoisonError::into_inner);
        let last_error = self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone();
        json!({
            "listening": listening.map(|address| address.to_string()),
            "connections": {
                "open": self.open.load(Relaxed),
                "total": self.total.load(Relaxed),
                "refused": self.refused.load(Relaxed),
            },
            "requests": {
                "in_flight": self.in_flight.load(Relaxed),
                "2xx": self.succeeded.load(Relaxed),
                "4xx": self.client_errors.load(Relaxed),
                "429": self.busy.load(Relaxed),
                "5xx": self.server_errors.load(Relaxed),
            },
            "records": self.records.load(Relaxed),
            "bytes": self.bytes.load(Relaxed),
            "last_error": last_error,
        })
    }
}

/// Counts one as long as it lives, so that no way out is forgotten.
#[derive(Debug)]
pub(crate) struct Counted<'a>(&'a AtomicU64);

impl<'a> Counted<'a> {
    pub(crate) fn new(count: &'a AtomicU64) -> Self {
        count.fetch_add(1, Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

//! What can be seen of the sink from outside.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use forebay_core::component::Observe;
use serde_json::{Value, json};

use crate::rows::Span;
use crate::sending::Class;

/// What is counted since the start.
#[derive(Debug, Default)]
pub struct Status {
    rows: AtomicU64,
    bytes: AtomicU64,
    singles: AtomicU64,
    batches: AtomicU64,
    dead_letters: AtomicU64,
    pressure: AtomicU64,
    away: AtomicU64,
    other_errors: AtomicU64,
    warnings: AtomicU64,
    in_flight: AtomicUsize,
    limit: AtomicUsize,
    last_error: Mutex<Option<String>>,
}

impl Status {
    /// A request was written.
    pub fn written(&self, span: Span) {
        self.rows.fetch_add(u64::from(span.len), Relaxed);
        self.bytes.fetch_add(u64::from(span.bytes), Relaxed);
        let requests = if span.len == 1 { &self.singles } else { &self.batches };
        requests.fetch_add(1, Relaxed);
    }

    /// A request was refused.
    pub fn refused(&self, class: Class, text: &str) {
        let count = match class {
            Class::Pressure => &self.pressure,
            Class::Away => &self.away,
            Class::Failed | Class::Stale | Class::Refused | Class::Denied => &self.other_errors,
        };
        count.fetch_add(1, Relaxed);
        let mut last = self.last_error.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_deref() != Some(text) {
            *last = Some(text.to_owned());
        }
    }

    /// Rows became dead letters.
    pub fn rejected(&self, rows: usize) {
        self.dead_letters.fetch_add(rows as u64, Relaxed);
    }

    /// How many requests are on their way, and may be.
    pub fn in_flight(&self, now: usize, limit: usize) {
        self.in_flight.store(now, Relaxed);
        self.limit.store(limit, Relaxed);
    }

    /// The server warned; the first of each thousand warnings is logged.
    pub fn warned(&self, warning: &str) {
        if self.warnings.fetch_add(1, Relaxed).is_multiple_of(1_000) {
            tracing::warn!(warning, "the cluster warns");
        }
    }
}

impl Observe for Status {
    fn observe(&self) -> Value {
        let last_error = self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone();
        json!({
            "rows": self.rows.load(Relaxed),
            "bytes": self.bytes.load(Relaxed),
            "requests": {
                "single": self.singles.load(Relaxed),
                "batch": self.batches.load(Relaxed),
                "in_flight": self.in_flight.load(Relaxed),
                "limit": self.limit.load(Relaxed),
            },
            "errors": {
                "pressure": self.pressure.load(Relaxed),
                "away": self.away.load(Relaxed),
                "other": self.other_errors.load(Relaxed),
            },
            "dead_letters": self.dead_letters.load(Relaxed),
            "warnings": self.warnings.load(Relaxed),
            "last_error": last_error,
        })
    }
}

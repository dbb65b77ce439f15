//! What a receiver that takes connections counts.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

/// What a receiver that takes connections counts since the start of the process, and what is so
/// now.
#[derive(Debug, Default)]
pub struct Traffic {
    listening: Mutex<Option<String>>,
    last_error: Mutex<Option<String>>,
    open: AtomicU64,
    total: AtomicU64,
    refused: AtomicU64,
    records: AtomicU64,
    bytes: AtomicU64,
}

impl Traffic {
    /// Where it listens from now on; `None` when it no longer does.
    pub fn set_listening(&self, address: Option<impl ToString>) {
        let address = address.map(|address| address.to_string());
        *self.listening.lock().unwrap_or_else(PoisonError::into_inner) = address;
    }

    /// What went wrong last.
    pub fn set_error(&self, error: impl ToString) {
        let error = Some(error.to_string());
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }

    /// A connection was accepted, or made.
    pub fn connected(&self) {
        self.total.fetch_add(1, Relaxed);
    }

    /// A connection was refused.
    pub fn refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    /// A connection is open for as long as the result lives.
    pub fn open(&self) -> Counted<'_> {
        Counted::new(&self.open)
    }

    /// So many records were stored, with so many bytes.
    pub fn stored(&self, records: u64, bytes: u64) {
        self.records.fetch_add(records, Relaxed);
        self.bytes.fetch_add(bytes, Relaxed);
    }

    /// All of it as an object, to which a receiver adds what is its own.
    #[must_use]
    pub fn observe(&self) -> Value {
        let text = |text: &Mutex<Option<String>>| {
            text.lock().unwrap_or_else(PoisonError::into_inner).clone()
        };
        json!({
            "listening": text(&self.listening),
            "connections": {
                "open": self.open.load(Relaxed),
                "total": self.total.load(Relaxed),
                "refused": self.refused.load(Relaxed),
            },
            "records": self.records.load(Relaxed),
            "bytes": self.bytes.load(Relaxed),
            "last_error": text(&self.last_error),
        })
    }
}

/// Counts one for as long as it lives, so that no way out is forgotten.
#[derive(Debug)]
pub struct Counted<'a>(&'a AtomicU64);

impl<'a> Counted<'a> {
    /// Adds one to `count`, and takes it off when this is dropped.
    #[must_use]
    pub fn new(count: &'a AtomicU64) -> Self {
        count.fetch_add(1, Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_counted_and_what_is_over_is_counted_no_more() {
        let traffic = Traffic::default();
        traffic.set_listening(Some("127.0.0.1:1"));
        traffic.connected();
        traffic.connected();
        traffic.refused();
        traffic.stored(3, 40);
        traffic.set_error("it broke");
        let open = traffic.open();
        let seen = traffic.observe();
        let connections = json!({ "open": 1, "total": 2, "refused": 1 });
        let expected = json!({
            "listening": "127.0.0.1:1", "connections": connections, "records": 3, "bytes": 40,
            "last_error": "it broke",
        });
        assert_eq!(seen, expected);
        drop(open);
        traffic.set_listening(None::<String>);
        let seen = traffic.observe();
        assert_eq!((&seen["listening"], &seen["connections"]["open"]), (&Value::Null, &json!(0)));
    }
}

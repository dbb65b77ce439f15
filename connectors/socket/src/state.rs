//! What is to be seen of the receiver from outside.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use forebay_core::component::Observe;
use serde_json::{Value, json};

use crate::kernel_drops;

/// Counts since the start of the process, and what is so now.
#[derive(Debug, Default)]
pub(crate) struct State {
    listening: Mutex<Option<String>>,
    last_error: Mutex<Option<String>>,
    datagrams: Mutex<Datagrams>,
    pub(crate) open: AtomicU64,
    pub(crate) total: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) idle: AtomicU64,
    pub(crate) records: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) rejected: AtomicU64,
}

/// What the kernel says of datagrams that it dropped.
#[derive(Debug, Default)]
struct Datagrams {
    /// On sockets of former runs.
    before: u64,
    /// The socket of this run.
    inode: Option<u64>,
}

impl State {
    pub(crate) fn set_listening(&self, address: Option<String>) {
        *self.listening.lock().unwrap_or_else(PoisonError::into_inner) = address;
    }

    pub(crate) fn set_error(&self, error: impl ToString) {
        let error = Some(error.to_string());
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }

    /// Datagrams are taken from this socket from now on.
    pub(crate) fn set_datagrams(&self, inode: Option<u64>) {
        let mut datagrams = self.datagrams.lock().unwrap_or_else(PoisonError::into_inner);
        *datagrams = Datagrams { before: datagrams.dropped(), inode };
    }
}

impl Datagrams {
    fn dropped(&self) -> u64 {
        self.before + self.inode.and_then(kernel_drops::of).unwrap_or(0)
    }
}

impl Observe for State {
    fn observe(&self) -> Value {
        let listening = self.listening.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let last_error = self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let dropped = self.datagrams.lock().unwrap_or_else(PoisonError::into_inner).dropped();
        json!({
            "listening": listening,
            "connections": {
                "open": self.open.load(Relaxed),
                "total": self.total.load(Relaxed),
                "refused": self.refused.load(Relaxed),
                "idle": self.idle.load(Relaxed),
            },
            "records": self.records.load(Relaxed),
            "bytes": self.bytes.load(Relaxed),
            "rejected": self.rejected.load(Relaxed),
            "dropped_by_kernel": dropped,
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

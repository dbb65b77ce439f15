//! What is to be seen of the receiver from outside.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use forebay_core::component::Observe;
use forebay_core::traffic::Traffic;
use serde_json::Value;

use crate::kernel_drops;

/// Counts since the start of the process, and what is so now.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) traffic: Traffic,
    datagrams: Mutex<Datagrams>,
    pub(crate) idle: AtomicU64,
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
        let dropped = self.datagrams.lock().unwrap_or_else(PoisonError::into_inner).dropped();
        let mut seen = self.traffic.observe();
        seen["connections"]["idle"] = self.idle.load(Relaxed).into();
        seen["rejected"] = self.rejected.load(Relaxed).into();
        seen["dropped_by_kernel"] = dropped.into();
        seen
    }
}

//! Waking whoever waits for records or for a change.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// Rung by threads of librdkafka; heard by threads and by tasks.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    rung: Mutex<u64>,
    threads: Condvar,
    tasks: Notify,
}

impl Bell {
    pub(crate) fn ring(&self) {
        let mut rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        *rung = rung.wrapping_add(1);
        drop(rung);
        self.threads.notify_all();
        self.tasks.notify_waiters();
    }

    /// How often it was rung: what [`wait`](Self::wait) begins from, so that nothing is missed.
    pub(crate) fn count(&self) -> u64 {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Blocks until it was rung more often than `since`, or the time is over.
    pub(crate) fn wait(&self, since: u64, time: Duration) {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.threads.wait_timeout_while(rung, time, |rung| *rung == since));
    }

    /// What tasks wait for.
    pub(crate) fn tasks(&self) -> &Notify {
        &self.tasks
    }
}

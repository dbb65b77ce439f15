//! The byte budget of the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

/// A number of bytes that all pipelines share. What is read is reserved before it is fetched and
/// given back when its batch is written.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    total: u64,
    used: AtomicU64,
    freed: Notify,
}

impl Budget {
    /// A budget of so many bytes.
    #[must_use]
    pub fn new(total: u64) -> Self {
        Self(Arc::new(Shared { total, used: AtomicU64::new(0), freed: Notify::new() }))
    }

    /// Reserves up to `want` bytes, but at least `least` or nothing at all.
    #[must_use]
    pub fn reserve(&self, want: u64, least: u64) -> Option<Reservation> {
        let mut used = self.0.used.load(Ordering::Relaxed);
        loop {
            let bytes = want.min(self.0.total.saturating_sub(used));
            if bytes < least.min(self.0.total) || bytes == 0 {
                return None;
            }
            match self.0.used.compare_exchange_weak(
                used,
                used + bytes,
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Some(Reservation { budget: self.clone(), bytes }),
                Err(now) => used = now,
            }
        }
    }

    /// Returns when something was given back after the call.
    pub async fn freed(&self) {
        self.0.freed.notified().await;
    }

    /// Bytes in use.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.0.used.load(Ordering::Relaxed)
    }

    /// Bytes in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.total
    }
}

/// Bytes that are reserved until this is dropped.
#[derive(Debug)]
pub struct Reservation {
    budget: Budget,
    bytes: u64,
}

impl Reservation {
    /// How many bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Sets the reservation to what is really held. It may also grow past the budget: a record
    /// that is larger than its grant was let through.
    pub fn set(&mut self, bytes: u64) {
        let shared = &self.budget.0;
        if bytes >= self.bytes {
            shared.used.fetch_add(bytes - self.bytes, Ordering::AcqRel);
        } else {
            shared.used.fetch_sub(self.bytes - bytes, Ordering::AcqRel);
            shared.freed.notify_waiters();
        }
        self.bytes = bytes;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::Budget;

    #[test]
    fn what_is_reserved_never_exceeds_the_budget_and_comes_back() {
        let budget = Budget::new(100);
        let first = budget.reserve(80, 10).expect("room for all");
        let mut second = budget.reserve(80, 10).expect("room for some");
        assert_eq!((first.bytes(), second.bytes()), (80, 20));
        assert!(budget.reserve(1, 1).is_none());
        second.set(5);
        assert_eq!(budget.used(), 85);
        assert!(budget.reserve(80, 20).is_none());
        drop(first);
        assert_eq!(budget.used(), 5);
        drop(second);
        assert_eq!(budget.used(), 0);
    }
}

//! The rates that an intake keeps.

use std::time::Duration;

use crate::flow::{Bucket, Rate};

/// The rates that an intake keeps, over all connections of a receiver together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    /// Records per second; `None` = no limit.
    pub records: Option<Rate>,
    /// Bytes of values per second; `None` = no limit.
    pub bytes: Option<Rate>,
}

/// The buckets of [`Limits`].
#[derive(Debug)]
pub(crate) struct Buckets {
    records: Option<Bucket>,
    bytes: Option<Bucket>,
}

impl Buckets {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { records: limits.records.map(Bucket::new), bytes: limits.bytes.map(Bucket::new) }
    }

    /// The time until the next chunk may pass, whatever its size: a chunk that is larger than
    /// what is available makes a debt, which is paid before the next one passes.
    pub(crate) fn wait(&self, now: Duration) -> Duration {
        let wait = |bucket: &Option<Bucket>| {
            bucket.as_ref().map_or(Duration::ZERO, |bucket| bucket.wait(now, 1))
        };
        wait(&self.records).max(wait(&self.bytes))
    }

    /// Takes what passed.
    pub(crate) fn take(&self, now: Duration, records: u64, bytes: u64) {
        if let Some(bucket) = &self.records {
            bucket.take(now, records);
        }
        if let Some(bucket) = &self.bytes {
            bucket.take(now, bytes);
        }
    }
}

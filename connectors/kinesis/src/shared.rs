//! What all lanes of a connection share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use crate::report::Report;
use crate::service::Service;

/// The least memory of a shard.
const LEAST_ROOM: usize = 64 << 10;

/// What all lanes of a connection share.
pub(crate) struct Shared {
    pub(crate) service: Arc<dyn Service>,
    pub(crate) report: Report,
    /// Rung when something came, or changed.
    pub(crate) bell: Notify,
    /// Rung when the shards should be listed anew.
    pub(crate) look: Notify,
    /// The consumer that records are pushed to, by its ARN; else they are polled.
    pub(crate) consumer: Option<String>,
    /// Between two looks at a shard that has nothing new.
    pub(crate) poll_interval: Duration,
    /// Records of one call, at most.
    pub(crate) max_records: usize,
    /// Whether aggregates are taken apart.
    pub(crate) unpacks: bool,
    /// Memory of all shards.
    pub(crate) buffer: usize,
    /// How many shards are being read.
    lanes: AtomicUsize,
}

impl Shared {
    pub(crate) fn new(
        service: Arc<dyn Service>,
        report: Report,
        config: &crate::config::KinesisConfig,
    ) -> Self {
        Self {
            service,
            report,
            bell: Notify::new(),
            look: Notify::new(),
            consumer: None,
            poll_interval: config.poll_interval.0,
            max_records: config.max_records.into(),
            unpacks: config.unpack,
            buffer: usize::try_from(config.buffer.0).unwrap_or(usize::MAX),
            lanes: AtomicUsize::new(1),
        }
    }

    /// The memory that one shard may fill.
    pub(crate) fn room(&self) -> usize {
        (self.buffer / self.lanes.load(Ordering::Relaxed).max(1)).max(LEAST_ROOM)
    }

    /// Divides the memory among so many shards.
    pub(crate) fn divide(&self, lanes: usize) {
        self.lanes.store(lanes, Ordering::Relaxed);
    }
}

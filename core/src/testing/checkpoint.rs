//! A checkpoint in memory, with faults.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::checkpoint::{Checkpoint, CheckpointError, Commit, Entry, Ledger, Opened, Plan};
use crate::engine::OpenCheckpoint;

/// A checkpoint in memory: what it holds survives the pipeline that wrote it. Cloning shares it.
#[derive(Clone, Default)]
pub struct MemoryCheckpoint {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    ledger: Ledger,
    synced: Ledger,
    writes: u64,
    fails: Option<Box<dyn Fn(u64) -> bool + Send>>,
}

impl MemoryCheckpoint {
    /// A checkpoint whose n-th write (from 1) fails with an I/O error where `fails` says so.
    #[must_use]
    pub fn failing(fails: impl Fn(u64) -> bool + Send + 'static) -> Self {
        let shared = Shared { fails: Some(Box::new(fails)), ..Shared::default() };
        Self { shared: Arc::new(Mutex::new(shared)) }
    }

    /// What it holds.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.with(|shared| shared.ledger.clone())
    }

    /// What it would hold after a loss of power.
    #[must_use]
    pub fn synced(&self) -> Ledger {
        self.with(|shared| shared.synced.clone())
    }

    /// Loses what was not synced, as a loss of power may.
    pub fn lose_power(&self) {
        self.with(|shared| shared.ledger = shared.synced.clone());
    }

    fn with<T>(&self, look: impl FnOnce(&mut Shared) -> T) -> T {
        look(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl OpenCheckpoint for MemoryCheckpoint {
    async fn open(&self) -> Result<Box<dyn Checkpoint>, CheckpointError> {
        let ledger = self.with(|shared| {
            let epoch = shared.ledger.opened.epoch + 1;
            let opened = Opened { epoch, lineage: "memory".into(), ..Opened::default() };
            shared.ledger.apply(Entry::Opened(opened))?;
            shared.synced = shared.ledger.clone();
            Ok(shared.ledger.clone())
        });
        let ledger = ledger.map_err(CheckpointError::Unreadable)?;
        Ok(Box::new(OpenedCheckpoint { all: self.clone(), ledger }))
    }
}

struct OpenedCheckpoint {
    all: MemoryCheckpoint,
    ledger: Ledger,
}

impl OpenedCheckpoint {
    fn write(&mut self, entry: Option<Entry>, sync: bool) -> Result<(), CheckpointError> {
        let epoch = self.ledger.opened.epoch;
        self.ledger = self.all.with(|shared| {
            shared.writes += 1;
            if shared.fails.as_ref().is_some_and(|fails| fails(shared.writes)) {
                return Err(CheckpointError::Io("no space left on device".into()));
            }
            if shared.ledger.opened.epoch != epoch {
                return Err(CheckpointError::Taken("another gateway opened it".into()));
            }
            if let Some(entry) = entry {
                shared.ledger.apply(entry).map_err(CheckpointError::Unreadable)?;
            }
            if sync {
                shared.synced = shared.ledger.clone();
            }
            Ok(shared.ledger.clone())
        })?;
        Ok(())
    }
}

#[async_trait]
impl Checkpoint for OpenedCheckpoint {
    fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    async fn plan(&mut self, plan: Plan, sync: bool) -> Result<(), CheckpointError> {
        self.write(Some(Entry::Plan(plan)), sync)
    }

    async fn commit(&mut self, commit: Commit, sync: bool) -> Result<(), CheckpointError> {
        self.write(Some(Entry::Commit(commit)), sync)
    }

    async fn sync(&mut self) -> Result<(), CheckpointError> {
        self.write(None, true)
    }
}

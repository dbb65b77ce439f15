//! The log of planned and committed batches.
//!
//! A checkpoint holds positions, receipts and state, never code and never configuration. It has
//! one writer, who opens it under an epoch; [`LocalCheckpoint`] keeps it in a folder.
//!
//! [`Checkpoint`] is the role, [`Entry`] what stands in the log, [`Ledger`] what a log amounts
//! to, [`LocalCheckpoint`] the log in a folder of the local file system. [`show`], [`verify`] and
//! [`repair`] look at such a folder from outside.
//!
//! The log is text: a line per entry, `<crc32 of the JSON, 8 hex digits> <JSON of the entry>`.

mod blob;
mod entry;
mod inspect;
mod ledger;
mod line;
mod local;
mod log;
mod writer;

use async_trait::async_trait;
use thiserror::Error;

pub use entry::{Commit, Entry, Opened, Plan, PositionAt, SourceCommit};
pub use inspect::{Repair, Verification, repair, show, verify};
pub use ledger::{Ledger, SourceLedger};
pub use local::LocalCheckpoint;
pub use log::{Damage, ShownEntry};

/// Where a pipeline keeps what it must not forget.
#[async_trait]
pub trait Checkpoint: Send {
    /// What the log amounts to now.
    fn ledger(&self) -> &Ledger;

    /// Records that a batch is about to be written. With `sync` it is durable on return; without,
    /// the plan may be lost in a crash of the machine, and the records are then read anew under
    /// another division into batches.
    ///
    /// # Errors
    /// See [`CheckpointError`].
    async fn plan(&mut self, plan: Plan, sync: bool) -> Result<(), CheckpointError>;

    /// Records that all batches up to one are durable. With `sync` the record itself is durable on
    /// return; without, it may be lost in a crash of the machine until [`sync`](Self::sync).
    ///
    /// # Errors
    /// See [`CheckpointError`].
    async fn commit(&mut self, commit: Commit, sync: bool) -> Result<(), CheckpointError>;

    /// Returns when all that was recorded is durable.
    ///
    /// # Errors
    /// See [`CheckpointError`].
    async fn sync(&mut self) -> Result<(), CheckpointError>;
}

/// Why a checkpoint could not be opened or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// Another gateway has it.
    #[error("{0}")]
    Taken(String),
    /// A part that was whole once is damaged, or was written by a newer version.
    #[error("{0}")]
    Unreadable(String),
    /// The disk is full, read-only, gone: it may work when tried again.
    #[error("{0}")]
    Io(String),
}

//! Where a receiver puts what it received.

use std::time::Duration;

use thiserror::Error;

use crate::receiver::Chunk;

/// Where a receiver puts what it received. Cheap to clone: one per connection.
#[derive(Clone, Debug)]
pub struct Intake {}

impl Intake {
    /// Stores a chunk and returns when it is as safe as the journal's `fsync` promises (or, with
    /// `durability = "memory"`, when it is handed over). It waits while the journal is full or a
    /// limit is reached: a receiver that awaits it before it reads on passes the pressure to its
    /// sender.
    ///
    /// # Errors
    /// See [`Refused`]; never [`Refused::Busy`].
    pub async fn store(&self, chunk: Chunk) -> Result<(), Refused> {
        let _ = chunk;
        Err(Refused::Closed)
    }

    /// As [`store`](Self::store), but does not wait for room: for protocols that can say "later".
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn offer(&self, chunk: Chunk) -> Result<(), Refused> {
        let _ = chunk;
        Err(Refused::Closed)
    }

    /// The largest chunk that can ever be stored, in bytes of values. Larger input has to be
    /// divided, or refused to its sender.
    #[must_use]
    pub fn max_chunk_bytes(&self) -> usize {
        0
    }

    /// Reports a record that was refused before it could be stored (oversize, broken framing),
    /// with as much of it as was kept: it becomes a dead letter. Waits like `store`.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn reject(
        &self,
        chunk: Chunk,
        reason: crate::dead_letter::Reason,
    ) -> Result<(), Refused> {
        let _ = (chunk, reason);
        Err(Refused::Closed)
    }
}

/// Why a chunk was not stored.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refused {
    /// The journal is full or a limit is reached: try again after this time.
    #[error("no room for now; try again in {} ms", .0.as_millis())]
    Busy(Duration),
    /// Larger than the journal takes in one piece.
    #[error("{bytes} bytes are more than the {max} that can be taken in one piece")]
    TooLarge {
        /// The size of the chunk.
        bytes: usize,
        /// The largest that is taken.
        max: usize,
    },
    /// The journal cannot be written: the disk is full, say. It may work later.
    #[error("the journal cannot be written: {0}")]
    Failed(String),
    /// The gateway is stopping.
    #[error("the gateway is stopping")]
    Closed,
}

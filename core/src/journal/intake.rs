//! Where a receiver puts what it received.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Array, BinaryArray};
use thiserror::Error;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use crate::clock::Clock;
use crate::dead_letter::Reason;
use crate::receiver::Chunk;

use super::append::Append;
use super::disk::frame_len;
use super::limits::{Buckets, Limits};
use super::piece::value_bytes;
use super::room::Room;
use super::settings::JournalSettings;

mod persisting;
mod reserved;

pub use reserved::Reserved;

/// After which time a sender may try again when there was no room: about one batch.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// Where a receiver puts what it received. Cheap to clone: one per connection.
#[derive(Clone)]
pub struct Intake {
    shared: Arc<Shared>,
}

struct Shared {
    queue: mpsc::Sender<Append>,
    room: Arc<Room>,
    buckets: Buckets,
    clock: Arc<dyn Clock>,
    /// Whether the other side says when a chunk is safe, or taking it is all.
    acknowledged: bool,
    max_chunk_bytes: u64,
    max_frame_bytes: u64,
}

impl std::fmt::Debug for Intake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Intake").field("room", &self.shared.room).finish_non_exhaustive()
    }
}

impl Intake {
    pub(crate) fn new(
        queue: mpsc::Sender<Append>,
        room: Arc<Room>,
        acknowledged: bool,
        settings: &JournalSettings,
        limits: Limits,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let shared = Shared {
            queue,
            room,
            buckets: Buckets::new(limits),
            clock,
            acknowledged,
            max_chunk_bytes: settings.max_chunk_bytes(),
            max_frame_bytes: settings.max_frame_bytes(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Stores a chunk and returns when it is as safe as the journal's `fsync` promises (or, with
    /// `durability = "memory"`, when it is handed over). It waits while the journal is full or a
    /// limit is reached: a receiver that awaits it before it reads on passes the pressure to its
    /// sender. A caller that stops waiting does not know whether the chunk was stored.
    ///
    /// # Errors
    /// See [`Refused`]; never [`Refused::Busy`].
    pub async fn store(&self, chunk: Chunk) -> Result<(), Refused> {
        self.reserve(chunk, None).await?.store().await
    }

    /// As [`store`](Self::store), but does not wait for room: for protocols that can say "later".
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn offer(&self, chunk: Chunk) -> Result<(), Refused> {
        let shared = &*self.shared;
        let Some((chunk, cost)) = self.admit(chunk, None)? else { return Ok(()) };
        let now = shared.clock.elapsed();
        let wait = shared.buckets.wait(now);
        if !wait.is_zero() {
            return Err(Refused::Busy(wait));
        }
        if shared.queue.is_closed() {
            return Err(Refused::Closed);
        }
        let permit = shared.room.try_take(cost).ok_or(Refused::Busy(RETRY_AFTER))?;
        let (records, bytes) = (chunk.values.len() as u64, value_bytes(&chunk.values));
        let (append, answer) = self.append(chunk, None, permit);
        shared.queue.try_send(append).map_err(|error| match error {
            TrySendError::Full(_) => Refused::Busy(RETRY_AFTER),
            TrySendError::Closed(_) => Refused::Closed,
        })?;
        shared.buckets.take(now, records, bytes);
        answered(answer).await
    }

    /// The largest chunk that can ever be stored, in bytes of values. Larger input has to be
    /// divided, or refused to its sender.
    #[must_use]
    pub fn max_chunk_bytes(&self) -> usize {
        usize::try_from(self.shared.max_chunk_bytes).unwrap_or(usize::MAX)
    }

    /// Reports a record that was refused before it could be stored (oversize, broken framing),
    /// with as much of it as was kept: it becomes a dead letter. Waits like `store`.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn reject(&self, chunk: Chunk, reason: Reason) -> Result<(), Refused> {
        self.reserve(chunk, Some(reason)).await?.store().await
    }

    /// Waits until a limit lets the next chunk pass.
    async fn within_limits(&self) -> Result<(), Refused> {
        let shared = &*self.shared;
        loop {
            let wait = shared.buckets.wait(shared.clock.elapsed());
            if wait.is_zero() {
                return Ok(());
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = shared.queue.closed() => return Err(Refused::Closed),
            }
        }
    }

    /// The chunk without nulls, and the room that it takes; `None` if it has no records.
    fn admit(
        &self,
        chunk: Chunk,
        reason: Option<&Reason>,
    ) -> Result<Option<(Chunk, u32)>, Refused> {
        if chunk.values.is_empty() {
            return Ok(None);
        }
        let chunk = without_nulls(chunk);
        let bytes = value_bytes(&chunk.values);
        if bytes > self.shared.max_chunk_bytes {
            return Err(too_large(bytes, self.shared.max_chunk_bytes));
        }
        let cost = frame_len(&chunk, reason);
        match u32::try_from(cost) {
            Ok(fitting) if cost <= self.shared.max_frame_bytes => Ok(Some((chunk, fitting))),
            _ => Err(too_large(cost, self.shared.max_frame_bytes)),
        }
    }

    fn append(
        &self,
        chunk: Chunk,
        reason: Option<Reason>,
        permit: OwnedSemaphorePermit,
    ) -> (Append, Option<oneshot::Receiver<Result<(), Refused>>>) {
        let (reply, answer) = match self.shared.acknowledged.then(oneshot::channel) {
            Some((reply, answer)) => (Some(reply), Some(answer)),
            None => (None, None),
        };
        let received_ms = self.shared.clock.now_ms();
        (Append { chunk, reason, received_ms, permit, reply }, answer)
    }
}

async fn answered(answer: Option<oneshot::Receiver<Result<(), Refused>>>) -> Result<(), Refused> {
    match answer {
        Some(answer) => answer.await.unwrap_or(Err(Refused::Closed)),
        None => Ok(()),
    }
}

/// A null value becomes an empty one: a chunk promises to have none.
fn without_nulls(chunk: Chunk) -> Chunk {
    if chunk.values.null_count() == 0 {
        return chunk;
    }
    let values = chunk.values.iter().map(Option::unwrap_or_default);
    Chunk { values: BinaryArray::from_iter_values(values), ..chunk }
}

fn too_large(bytes: u64, max: u64) -> Refused {
    Refused::TooLarge {
        bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
        max: usize::try_from(max).unwrap_or(usize::MAX),
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

#[cfg(test)]
mod tests;

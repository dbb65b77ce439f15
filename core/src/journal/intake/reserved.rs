//! A chunk that there is room for.

use arrow::array::Array;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::dead_letter::Reason;
use crate::journal::append::Append;
use crate::journal::piece::value_bytes;
use crate::receiver::Chunk;

use super::{Intake, Refused, answered};

/// A chunk that there is room for: see [`Intake::reserve`]. The room is given back if it is dropped.
#[derive(Debug)]
pub struct Reserved {
    /// `None` for a chunk without records.
    place: Option<Place>,
}

#[derive(Debug)]
struct Place {
    intake: Intake,
    chunk: Chunk,
    reason: Option<Reason>,
    permit: OwnedSemaphorePermit,
    slot: mpsc::OwnedPermit<Append>,
}

impl Intake {
    /// Waits until a chunk may be stored: while the journal is full or a limit is reached. With a
    /// reason it is a record that was [refused](Intake::reject). Unlike [`store`](Intake::store) it
    /// may be dropped while it waits, and then nothing is stored: for protocols that can say
    /// "later", to senders who would rather wait a moment.
    ///
    /// # Errors
    /// See [`Refused`]; never [`Refused::Busy`].
    pub async fn reserve(&self, chunk: Chunk, reason: Option<Reason>) -> Result<Reserved, Refused> {
        let shared = &*self.shared;
        let Some((chunk, cost)) = self.admit(chunk, reason.as_ref())? else {
            return Ok(Reserved { place: None });
        };
        self.within_limits().await?;
        let permit = shared.room.take(cost).await.ok_or(Refused::Closed)?;
        let slot = shared.queue.clone().reserve_owned().await.map_err(|_| Refused::Closed)?;
        let intake = self.clone();
        Ok(Reserved { place: Some(Place { intake, chunk, reason, permit, slot }) })
    }
}

impl Reserved {
    /// Stores the chunk and returns when it is as safe as the journal's `fsync` promises. A caller
    /// that stops waiting does not know whether the chunk was stored.
    ///
    /// # Errors
    /// See [`Refused`]; never [`Refused::Busy`].
    pub async fn store(self) -> Result<(), Refused> {
        let Some(Place { intake, chunk, reason, permit, slot }) = self.place else {
            return Ok(());
        };
        let shared = &*intake.shared;
        let (records, bytes) = (chunk.values.len() as u64, value_bytes(&chunk.values));
        shared.buckets.take(shared.clock.elapsed(), records, bytes);
        let (append, answer) = intake.append(chunk, reason, permit);
        slot.send(append);
        answered(answer).await
    }
}

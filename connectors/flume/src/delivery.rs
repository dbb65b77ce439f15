//! Putting batches on the intake.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Array, BinaryArray};
use forebay_core::journal::{Intake, Refused};
use forebay_core::receiver::Chunk;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::event;
use crate::state::State;

/// The shortest pause between two attempts to find room.
const LEAST_PAUSE: Duration = Duration::from_millis(1);

/// Puts the batches of one peer on the intake.
#[derive(Clone)]
pub(crate) struct Delivery {
    pub(crate) intake: Intake,
    pub(crate) state: Arc<State>,
    pub(crate) stop: CancellationToken,
    pub(crate) peer: Arc<str>,
    /// How long a batch may wait for room, or for a limit.
    pub(crate) patience: Duration,
}

impl Delivery {
    /// Stores a batch, in several pieces if it is more than the intake takes in one. Only the first
    /// may be refused for want of room: once one is stored, the others wait, so that an agent
    /// seldom has to send again what is stored already.
    pub(crate) async fn store(&self, events: BinaryArray) -> Result<(), Refused> {
        let until = Instant::now() + self.patience;
        let pieces = event::pieces(&events, self.intake.max_chunk_bytes());
        for (index, range) in pieces.into_iter().enumerate() {
            let piece = events.slice(range.start, range.len());
            let (records, bytes) = (piece.len() as u64, event::size(&piece));
            let chunk = Chunk { values: piece, peer: Arc::clone(&self.peer), attributes: vec![] };
            match index {
                0 => self.offer(chunk, until).await?,
                _ => self.intake.store(chunk).await?,
            }
            self.state.traffic.stored(records, bytes);
        }
        Ok(())
    }

    /// Offers a piece until there is room for it, or until a time. Waiting in the queue of the
    /// journal would not do: who gives up there does not know whether he was served.
    async fn offer(&self, chunk: Chunk, until: Instant) -> Result<(), Refused> {
        loop {
            let refused = match self.intake.offer(chunk.clone()).await {
                Err(refused @ Refused::Busy(_)) => refused,
                decided => return decided,
            };
            let left = until.saturating_duration_since(Instant::now());
            let Refused::Busy(after) = refused else { return Err(refused) };
            if left.is_zero() || self.stop.is_cancelled() {
                return Err(refused);
            }
            tokio::select! {
                () = self.stop.cancelled() => return Err(refused),
                () = tokio::time::sleep(after.clamp(LEAST_PAUSE, LEAST_PAUSE.max(left))) => {}
            }
        }
    }
}

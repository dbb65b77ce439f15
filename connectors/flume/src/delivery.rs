//! Putting batches on the intake.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use arrow::array::{Array, BinaryArray};
use forebay_core::dead_letter::Reason;
use forebay_core::journal::{Intake, Refused};
use forebay_core::receiver::Chunk;
use thiserror::Error;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::event;
use crate::large::{LargeEvents, Largest};
use crate::state::State;

/// Puts the batches of one peer on the intake.
#[derive(Clone)]
pub(crate) struct Delivery {
    pub(crate) intake: Intake,
    pub(crate) state: Arc<State>,
    pub(crate) stop: CancellationToken,
    pub(crate) peer: Arc<str>,
    /// How long a batch may wait for room, or for a limit.
    pub(crate) patience: Duration,
    pub(crate) largest: Largest,
}

/// Why a batch was not stored.
#[derive(Debug, Error)]
pub(crate) enum Undelivered {
    #[error(
        "an event of {bytes} bytes cannot be taken: the largest has {max} (`max_event`, and what the \
         journal takes in one piece)"
    )]
    TooLarge { bytes: usize, max: usize },
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl Delivery {
    /// Stores a batch, in several pieces if it is more than the intake takes in one. Only the first
    /// may be refused for want of room: once one is stored, the others wait, so that an agent
    /// seldom has to send again what is stored already.
    pub(crate) async fn store(&self, events: BinaryArray) -> Result<(), Undelivered> {
        let mut until = Some(Instant::now() + self.patience);
        let max = self.intake.max_chunk_bytes();
        let largest = self.largest.within(max);
        if largest.then == LargeEvents::Refuse
            && let Some(bytes) = largest.exceeded(&events)
        {
            self.state.oversize.fetch_add(1, Relaxed);
            return Err(Undelivered::TooLarge { bytes, max: largest.max });
        }
        for range in event::pieces(&events, max, largest.max) {
            let piece = events.slice(range.start, range.len());
            if largest.exceeded(&piece).is_some() {
                self.set_aside(piece.value(0), largest, &mut until).await?;
                continue;
            }
            let (records, bytes) = (piece.len() as u64, event::size(&piece));
            self.put(piece, None, until.take()).await?;
            self.state.traffic.stored(records, bytes);
        }
        Ok(())
    }

    /// Makes dead letters of an event that is too large.
    async fn set_aside(
        &self,
        event: &[u8],
        largest: Largest,
        until: &mut Option<Instant>,
    ) -> Result<(), Refused> {
        for (part, reason) in largest.parts(event) {
            let part = BinaryArray::from_iter_values([part]);
            self.put(part, Some(reason), until.take()).await?;
        }
        self.state.oversize.fetch_add(1, Relaxed);
        let (peer, bytes, max) = (&self.peer, event.len(), largest.max);
        let text =
            format!("{peer}: an event of {bytes} bytes is a dead letter: `max_event` is {max}");
        tracing::warn!("{text}");
        self.state.traffic.set_error(text);
        Ok(())
    }

    /// Stores a piece, or reports it as refused, and waits for room: until a time, if one is given.
    async fn put(
        &self,
        values: BinaryArray,
        reason: Option<Reason>,
        until: Option<Instant>,
    ) -> Result<(), Refused> {
        let chunk = Chunk { values, peer: Arc::clone(&self.peer), attributes: vec![] };
        let reserving = self.intake.reserve(chunk, reason);
        let reserved = match until {
            None => reserving.await?,
            Some(until) => tokio::select! {
                biased;
                reserved = reserving => reserved?,
                () = sleep_until(until) => return Err(Refused::Busy(self.patience)),
                () = self.stop.cancelled() => return Err(Refused::Busy(Duration::ZERO)),
            },
        };
        reserved.store().await
    }
}

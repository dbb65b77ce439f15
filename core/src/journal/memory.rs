//! A bounded queue in memory, for `durability = "memory"`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use arrow::array::Array;
use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::batch::Slice;
use crate::clock::Clock;
use crate::decode::Decode;
use crate::position::Position;
use crate::range::Range;
use crate::source::{Committed, Resume, Source, SourceError};
use crate::split::{Grant, SplitId, SplitPhase, SplitStatus};

use super::SPLIT;
use super::append::Append;
use super::decoder::JournalDecoder;
use super::gather::Gather;
use super::intake::Intake;
use super::limits::Limits;
use super::piece::Piece;
use super::room::Room;
use super::settings::JournalSettings;

/// The most chunks between two looks at the queue.
const QUEUED_CHUNKS: usize = 65_536;

/// A bounded queue in memory that keeps records until they are committed. A restart of the
/// process loses what was not yet written, although it was acknowledged.
///
/// Positions rise also from process to process: the sequence numbers of a process begin at its
/// time of birth in nanoseconds. So a range that an earlier process planned is known to be gone.
pub struct MemoryQueue {
    source: Arc<str>,
    arrivals: mpsc::Receiver<Append>,
    room: Arc<Room>,
    kept: VecDeque<Kept>,
    /// The room that there is, in bytes.
    max_bytes: u64,
    /// Room that all that arrived took.
    total: u64,
    /// The sequence number from which the engine reads next.
    read: u64,
    /// The sequence number of the first record of this process.
    born: u64,
    /// The sequence number of the next record.
    next: u64,
    decoder: Arc<dyn Decode>,
    clock: Arc<dyn Clock>,
}

/// A piece and the room that it takes.
struct Kept {
    piece: Piece,
    bytes: u64,
    /// Room that it and all before it took, since the process began.
    total: u64,
}

/// A queue in memory, and the intake that fills it. `source` is the source's name in the
/// configuration, `decoder` the one of the receiver.
#[must_use]
pub fn memory(
    source: Arc<str>,
    settings: &JournalSettings,
    limits: Limits,
    decoder: Arc<dyn Decode>,
    clock: Arc<dyn Clock>,
) -> (Intake, MemoryQueue) {
    let (queue, arrivals) = mpsc::channel(QUEUED_CHUNKS);
    let room = Arc::new(Room::new(settings.max_bytes(), 0));
    let intake = Intake::new(queue, room.clone(), false, settings, limits, clock.clone());
    let born = clock.now_ms().saturating_mul(1_000_000);
    let decoder = JournalDecoder::shared(decoder);
    let queue = MemoryQueue {
        source,
        arrivals,
        room,
        kept: VecDeque::new(),
        max_bytes: settings.max_bytes(),
        total: 0,
        read: born,
        born,
        next: born,
        decoder,
        clock,
    };
    (intake, queue)
}

impl MemoryQueue {
    /// Takes over what has arrived since the last look.
    fn look(&mut self) {
        while let Ok(append) = self.arrivals.try_recv() {
            self.keep(append);
        }
    }

    fn keep(&mut self, append: Append) {
        let Append { chunk, reason, received_ms, permit, reply } = append;
        let first = self.next;
        self.next += chunk.values.len() as u64;
        let bytes = permit.num_permits() as u64;
        permit.forget();
        let piece = Piece { first, until: self.next, received_ms, chunk, reason };
        self.total += bytes;
        self.kept.push_back(Kept { piece, bytes, total: self.total });
        if let Some(reply) = reply {
            // Whoever does not wait for the answer any more needs none.
            let _ = reply.send(Ok(()));
        }
    }

    /// The sequence number of the first record that is kept.
    fn first(&self) -> u64 {
        self.kept.front().map_or(self.next, |kept| kept.piece.first)
    }

    /// The index of the piece in which a sequence number stands.
    fn index(&self, seq: u64) -> usize {
        self.kept.partition_point(|kept| kept.piece.until <= seq)
    }

    /// The sequence number to read from: what an earlier process left is gone.
    fn start(&self, position: &Position) -> Result<u64, SourceError> {
        Ok(sequence(position)?.max(self.born))
    }

    fn gather(&self, mut gather: Gather) -> Gather {
        for kept in self.kept.range(self.index(gather.next())..) {
            if gather.is_full() {
                break;
            }
            gather.take(&kept.piece);
        }
        gather
    }

    fn replay_range(&self, range: &Range) -> Result<Slice, SourceError> {
        let (from, until) = (self.start(&range.from)?, sequence(&range.until)?);
        if until <= self.born {
            tracing::warn!(
                source = %self.source, records = range.records, from = %range.from,
                "records that were kept in memory are gone with the process that held them"
            );
        } else if from < self.first() || until > self.next {
            return Err(SourceError::Lost(format!(
                "records {} to {} of `{}` were kept in memory and are gone",
                range.from, range.until, self.source
            )));
        }
        self.gather(Gather::new(from, until.max(from), u64::MAX, u64::MAX))
            .into_replay(range)
            .map_err(|error| SourceError::Fatal(error.to_string()))
    }
}

/// The sequence number that a position stands for.
pub(crate) fn sequence(position: &Position) -> Result<u64, SourceError> {
    position.as_u64().ok_or_else(|| {
        SourceError::Fatal(format!(
            "`{position}` is no position of a journal; the checkpoint belongs to another source, \
             so give this pipeline another name or a new checkpoint"
        ))
    })
}

#[async_trait]
impl Source for MemoryQueue {
    fn decoder(&self) -> Arc<dyn Decode> {
        self.decoder.clone()
    }

    async fn connect(&mut self, resume: &Resume) -> Result<(), SourceError> {
        if let Some(committed) = resume.committed.get(SPLIT) {
            let committed = sequence(committed)?;
            // The clock was set back since an earlier process.
            if committed > self.next && self.kept.is_empty() {
                (self.born, self.next) = (committed, committed);
            }
        }
        Ok(())
    }

    async fn splits(
        &mut self,
        next: &BTreeMap<SplitId, Position>,
    ) -> Result<Vec<SplitStatus>, SourceError> {
        self.look();
        let from = match next.get(SPLIT) {
            Some(position) => self.start(position)?,
            None => self.first(),
        };
        self.read = from;
        let oldest = self.kept.get(self.index(from)).map(|kept| kept.piece.received_ms);
        Ok(vec![SplitStatus {
            split: SPLIT.into(),
            generation: 0,
            start: Position::from(self.first()),
            end: Some(Position::from(self.next)),
            backlog: Some(self.next.saturating_sub(from)),
            oldest_ms: oldest.map(|time| self.clock.now_ms().saturating_sub(time)),
            phase: SplitPhase::Active,
        }])
    }

    async fn read(
        &mut self,
        grants: &[Grant],
        _deadline: Instant,
    ) -> Result<Vec<Slice>, SourceError> {
        self.look();
        let mut slices = Vec::new();
        for grant in grants {
            let from = self.start(&grant.from)?;
            if from < self.first() {
                return Err(SourceError::Lost(format!(
                    "records {from} to {} of `{}` were given up after they were committed",
                    self.first(),
                    self.source
                )));
            }
            let gather = self.gather(Gather::of_grant(grant, from, self.next));
            self.read = gather.next();
            let slice = gather.into_slice(&self.source, grant.generation, grant.from.clone());
            slices.extend(slice.map_err(|error| SourceError::Fatal(error.to_string()))?);
        }
        Ok(slices)
    }

    async fn replay(&mut self, ranges: &[Range]) -> Result<Vec<Slice>, SourceError> {
        self.look();
        ranges.iter().map(|range| self.replay_range(range)).collect()
    }

    async fn ready(&mut self) {
        if self.read < self.next {
            return;
        }
        match self.arrivals.recv().await {
            Some(append) => self.keep(append),
            None => std::future::pending().await,
        }
    }

    async fn commit(&mut self, committed: &[Committed]) -> Result<(), SourceError> {
        for committed in committed {
            let position = sequence(&committed.position)?;
            while let Some(kept) = self.kept.pop_front_if(|kept| kept.piece.until <= position) {
                self.room.give_back(kept.bytes);
            }
        }
        Ok(())
    }

    fn is_crowded(&self) -> bool {
        let before = self.kept.front().map_or(self.total, |first| first.total - first.bytes);
        let read = self.index(self.read).checked_sub(1).and_then(|last| self.kept.get(last));
        read.is_some_and(|last| (last.total - before) * 2 >= self.max_bytes)
    }

    async fn close(&mut self) {
        self.arrivals.close();
        self.room.close();
    }
}

impl Drop for MemoryQueue {
    fn drop(&mut self) {
        self.room.close();
    }
}

#[cfg(test)]
mod tests;

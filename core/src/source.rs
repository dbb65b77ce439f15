//! The role of a replayable input.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use thiserror::Error;
use tokio::time::Instant;

use crate::batch::Slice;
use crate::decode::Decode;
use crate::observe::Observe;
use crate::position::Position;
use crate::probe::Probed;
use crate::range::Range;
use crate::split::{Grant, SplitId, SplitStatus};

/// An input that can be read again from a position.
///
/// A source is a plain state machine. The engine owns connecting, back-off, limits, the plan,
/// replay and commit; a source answers questions. It keeps no position of its own that matters:
/// each [`Grant`] says where to read from.
#[async_trait]
pub trait Source: Send {
    /// What turns the raw columns into typed ones; asked once, before the first read.
    fn decoder(&self) -> Arc<dyn Decode>;

    /// Whether no new split can ever appear, so that the pipeline ends by itself when all splits
    /// have [ended](crate::split::SplitPhase::Ended) and are read.
    fn bounded(&self) -> bool {
        false
    }

    /// Whose word on positions counts when the pipeline starts.
    fn positions(&self) -> Positions {
        Positions::Checkpoint
    }

    /// The first I/O. The engine calls it again, with back-off, until it succeeds, and again
    /// after [`SourceError::Disconnected`].
    ///
    /// # Errors
    /// Says whether trying again makes sense, see [`SourceError`].
    async fn connect(&mut self, resume: &Resume) -> Result<(), SourceError>;

    /// The splits that this gateway owns now. `next` holds the position that will be read next
    /// for each split that has one; the backlog is counted from there. A split that is missing
    /// from the answer was lost without notice: nothing of it will be committed any more.
    ///
    /// It is called before each batch and should answer in a few milliseconds from what the
    /// client already knows.
    ///
    /// # Errors
    /// See [`SourceError`].
    async fn splits(
        &mut self,
        next: &BTreeMap<SplitId, Position>,
    ) -> Result<Vec<SplitStatus>, SourceError>;

    /// Reads what is there, up to the grants, and at the latest until `deadline`. It may take
    /// less than granted, never more, and does not wait for records to arise. Slices of one
    /// split come in order and without gaps. A slice without records says that none stand
    /// between its ends and never will (the marker of a transaction, say), so that reading goes on
    /// behind them; where nothing was read and nothing is known, there is no slice.
    ///
    /// # Errors
    /// See [`SourceError`]. Nothing counts as read then.
    async fn read(
        &mut self,
        grants: &[Grant],
        deadline: Instant,
    ) -> Result<Vec<Slice>, SourceError>;

    /// Reads exactly these ranges again, after a crash. One slice per range.
    ///
    /// # Errors
    /// [`SourceError::Lost`] if a range is not there any more; else see [`SourceError`].
    async fn replay(&mut self, ranges: &[Range]) -> Result<Vec<Slice>, SourceError>;

    /// Returns when a read is likely to find something. It may be dropped at any await.
    async fn ready(&mut self);

    /// Everything before these positions is durable in all sinks and recorded in the checkpoint:
    /// the source may tell its system and forget it. An error is reported, and the positions are
    /// told again with the next commit.
    ///
    /// # Errors
    /// See [`SourceError`].
    async fn commit(&mut self, committed: &[Committed]) -> Result<(), SourceError>;

    /// Whether what was read and is not committed yet takes so much of the room that this source
    /// has that it should be committed soon: sinks that gather settle before their time then. Asked
    /// after [`splits`](Source::splits).
    fn is_crowded(&self) -> bool {
        false
    }

    /// These splits were [leaving](crate::split::SplitPhase::Leaving); all that was read of them
    /// is committed, and they may go.
    ///
    /// # Errors
    /// See [`SourceError`].
    async fn release(&mut self, splits: &[SplitId]) -> Result<(), SourceError> {
        let _ = splits;
        Ok(())
    }

    /// Splits that cannot come again (a file that is gone, say), so that the checkpoint need not
    /// remember them, be it as finished or by a position. All that was read of them is committed,
    /// and they are not among the [splits](Source::splits) any more. Asked after each commit; a
    /// split is named once.
    async fn forget(&mut self) -> Vec<SplitId> {
        Vec::new()
    }

    /// Ends connections and tasks. Nothing is called afterwards.
    async fn close(&mut self) {}

    /// Looks step by step whether the system can be used, and changes nothing there: no positions,
    /// no group, no lease. It is called on an instance of its own that was never connected and is
    /// dropped afterwards, and may be dropped at any await.
    async fn probe(&mut self) -> Probed {
        let opened = self.connect(&Resume::default()).await;
        self.close().await;
        Probed::opened(opened.map_err(|error| error.to_string()))
    }

    /// State to look at from outside, if there is some.
    fn observe(&self) -> Option<Arc<dyn Observe>> {
        None
    }
}

/// Whose word on positions counts when a pipeline starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Positions {
    /// The checkpoint's: this gateway has the source to itself. What was planned and not
    /// committed is read again, the very same ranges.
    Checkpoint,
    /// The source's: splits move between gateways, and where one stands is known to its last
    /// owner. Nothing is read again from plans; each split begins where the source says, so the
    /// source must name it with a [generation](SplitStatus::generation) above all that it named
    /// before, also in earlier runs.
    Source,
}

/// What the checkpoint knows of a source when it connects.
#[derive(Clone, Debug, Default)]
pub struct Resume {
    /// The committed position of each split.
    pub committed: BTreeMap<SplitId, Position>,
    /// Splits that were read to their last record and committed, and are not to be read again.
    pub finished: Vec<SplitId>,
}

/// A committed position of one split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The split.
    pub split: SplitId,
    /// The generation under which it was read.
    pub generation: u64,
    /// Everything before this is committed.
    pub position: Position,
    /// Whether the split ended there for good.
    pub finished: bool,
}

/// Why a source could not do what it was asked, and what that means for the engine.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The connection is gone: connect again, then go on.
    #[error("{0}")]
    Disconnected(String),
    /// It may work when tried again.
    #[error("{0}")]
    Transient(String),
    /// Records between the position and the first that still exists are gone.
    #[error("{0}")]
    Lost(String),
    /// Trying again is pointless until a person changes something.
    #[error("{0}")]
    Fatal(String),
}

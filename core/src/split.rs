//! The unit of order, parallelism and rate limiting inside a source.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::position::Position;

/// The name of a split, unique within its source: `orders-3`, `shardId-000000000001`, a path.
///
/// Records of one split keep their order. Limits hold per split. The name is stable: it stands in
/// the checkpoint.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SplitId(Arc<str>);

impl SplitId {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for SplitId {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl From<String> for SplitId {
    fn from(name: String) -> Self {
        Self(name.into())
    }
}

impl Borrow<str> for SplitId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SplitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SplitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// How a split stands now, as its source sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct SplitStatus {
    /// The split.
    pub split: SplitId,
    /// The assignment under which this gateway owns the split. It rises when the split comes
    /// back after it went elsewhere; what was read under an older generation is never committed.
    pub generation: u64,
    /// Where reading begins when no position of this split is known yet.
    pub start: Position,
    /// The position after the last record that exists now; `None` if the source cannot say.
    pub end: Option<Position>,
    /// Records between the position that was asked about and `end`; `None` if unknown.
    pub backlog: Option<u64>,
    /// Time since the oldest record of the backlog arose, in milliseconds; `None` if unknown.
    pub oldest_ms: Option<u64>,
    /// Whether the split takes part, is about to leave, or can never yield more than `end`.
    pub phase: SplitPhase,
}

/// What may still be expected of a split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SplitPhase {
    /// It may be read.
    Active,
    /// It may be read later: the source reads its splits in an order of its own, and others come
    /// first. A grant would be wasted on it, but its `end` counts where ends are pinned.
    Waiting,
    /// It is about to go to another owner: read no more, commit what was read, then
    /// [release](crate::Source::release) it.
    Leaving,
    /// No record will ever stand after `end`.
    Ended,
}

/// How much a split may yield in the next batch, and from where.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    /// The split.
    pub split: SplitId,
    /// The generation of [`SplitStatus`] that the grant was made for.
    pub generation: u64,
    /// Where to read from.
    pub from: Position,
    /// Not to be read past, if set: the end that was pinned when a bounded run began.
    pub until: Option<Position>,
    /// At most so many records, at least 1.
    pub records: u64,
    /// At most so many bytes of raw records. One record is always let through, however large, or
    /// a split could stand still for ever; sources bound the size of a record themselves.
    pub bytes: u64,
}

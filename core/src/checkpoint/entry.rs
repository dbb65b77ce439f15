//! What stands in the log.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::batch::BatchId;
use crate::position::Position;
use crate::range::Range;
use crate::sink::Receipt;
use crate::split::SplitId;
use crate::transform::State;

use super::ledger::Ledger;

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// A gateway opened the log.
    Opened(Opened),
    /// A batch is about to be written.
    Plan(Plan),
    /// All batches up to one are durable.
    Commit(Commit),
    /// What all entries before amount to; the first entry of a compacted log.
    Ledger(Box<Ledger>),
}

/// A gateway opened the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The version of the log's schema, [`Opened::VERSION`].
    pub version: u32,
    /// The pipeline that the checkpoint belongs to.
    pub pipeline: Arc<str>,
    /// Rises by one with each opening.
    pub epoch: u64,
    /// Made when the log was begun, and unlike that of any other log: what tells batch 7 of this
    /// checkpoint from batch 7 of one that was deleted.
    #[serde(default)]
    pub lineage: Arc<str>,
    /// Who opened it: host and process.
    pub owner: String,
    /// When, in milliseconds since the Unix epoch.
    pub time_ms: u64,
}

impl Opened {
    /// The version of the log's schema that this binary writes.
    pub const VERSION: u32 = 1;
}

/// A batch is about to be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Its number: one more than the plan before.
    pub batch: BatchId,
    /// When it was planned, in milliseconds since the Unix epoch.
    pub time_ms: u64,
    /// What it is made of.
    pub ranges: Vec<Range>,
}

impl Plan {
    /// The end of the time that the batch takes up: its own, and a millisecond for each thousand
    /// records, in milliseconds since the Unix epoch. The next batch is planned no earlier.
    #[must_use]
    pub fn until_ms(&self) -> u64 {
        let records = self.ranges.iter().map(|range| range.records).fold(0, u64::saturating_add);
        self.time_ms.saturating_add(records.div_ceil(1_000)).saturating_add(1)
    }
}

/// All batches up to one are durable in all sinks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Commit {
    /// The last of these batches.
    pub upto: BatchId,
    /// When, in milliseconds since the Unix epoch.
    pub time_ms: u64,
    /// The positions that this moves, by source.
    pub sources: BTreeMap<Arc<str>, SourceCommit>,
    /// Receipts of settling sinks, by sink. A sink that is not named keeps its last one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub receipts: BTreeMap<Arc<str>, Receipt>,
    /// The transform's state after batch `upto`; `None` leaves the one before in force. The
    /// bytes are kept beside the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
}

/// What a commit changes for one source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceCommit {
    /// Splits that moved, and how far.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub positions: BTreeMap<SplitId, PositionAt>,
    /// Splits that ended for good.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub finished: Vec<SplitId>,
    /// Finished splits that need not be remembered any more: the source said that they cannot
    /// come again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forgotten: Vec<SplitId>,
}

/// A position and the generation under which it was committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionAt {
    /// Everything before this is committed.
    pub position: Position,
    /// The assignment under which it was read.
    #[serde(default)]
    pub generation: u64,
}

//! A piece of one split.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::position::Position;
use crate::split::SplitId;

/// `[from, until)` of one split, with its record and byte counts.
///
/// Ranges of one split and generation follow each other without a gap: the `from` of a range is
/// the `until` of the one before it. Read again, a range yields the same records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// The source's name in the configuration.
    pub source: Arc<str>,
    /// The split.
    pub split: SplitId,
    /// The assignment under which it was read.
    pub generation: u64,
    /// The position of the first record.
    pub from: Position,
    /// The position after the last record.
    pub until: Position,
    /// How many records, broken ones included.
    pub records: u64,
    /// How many bytes of raw records.
    pub bytes: u64,
    /// Whether the split ends here for good, so that its position need not be kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub last: bool,
}

//! What was read for one batch, and what kept it from being more.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::batch::Slice;
use crate::budget::Reservation;
use crate::position::Position;
use crate::progress::{LimitedBy, Tokens};
use crate::split::{Grant, SplitId};

use super::failure::Failure;
use super::grants::Granted;

/// What was read for one batch.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// The slices, by source and split.
    pub(super) slices: Vec<Slice>,
    /// Records that each split was granted, and the backlog that it had before.
    pub(super) splits: HashMap<(Arc<str>, SplitId), SplitReading>,
    /// The memory that it holds.
    pub(super) reservation: Option<Reservation>,
    /// What kept it from being larger.
    pub(super) limited_by: LimitedBy,
    /// Whether the controller's rate was what kept it from being larger.
    pub(super) limited_by_controller: bool,
    /// The rate in force over all sources.
    pub(super) rate: Option<f64>,
    /// How full the buckets of the limits are now.
    pub(super) tokens: Vec<Tokens>,
    /// How long reading took.
    pub(super) took: Duration,
    /// Whether nothing is left that this run is to read.
    pub(super) exhausted: bool,
    /// Whether all sources could be asked.
    pub(super) complete: bool,
}

/// What one split was granted.
#[derive(Clone, Debug)]
pub(super) struct SplitReading {
    pub(super) granted: u64,
    pub(super) backlog: Option<u64>,
    pub(super) oldest_ms: Option<u64>,
    pub(super) end: Option<Position>,
    pub(super) next: Position,
    pub(super) generation: u64,
}

/// A source must never give more than it was granted, or no limit holds.
pub(super) fn within_grants(name: &str, grants: &[Grant], slices: &[Slice]) -> Result<(), Failure> {
    let mut taken: HashMap<&SplitId, u64> = HashMap::new();
    for slice in slices {
        *taken.entry(&slice.range.split).or_default() += slice.range.records;
    }
    let allowed: HashMap<&SplitId, u64> =
        grants.iter().map(|grant| (&grant.split, grant.records)).collect();
    let excess = taken
        .into_iter()
        .find(|(split, records)| allowed.get(split).is_none_or(|allowed| allowed < records));
    match excess {
        None => Ok(()),
        Some((split, records)) => Err(Failure::fatal(
            name,
            format!(
                "the source gave {records} records of `{split}`, more than it was granted; this is a defect of the connector"
            ),
        )),
    }
}

/// What kept a batch from being larger.
pub(super) fn limited_by(
    granted: &Granted,
    sources: &[Arc<str>],
    slices: &[Slice],
    is_short_of_memory: bool,
) -> LimitedBy {
    let records: u64 = slices.iter().map(|slice| slice.range.records).sum();
    if records >= granted.records {
        return granted.bound_by;
    }
    let mut limits: HashMap<(&str, &SplitId), u64> = HashMap::new();
    for (source, grants) in sources.iter().zip(&granted.grants) {
        limits.extend(grants.iter().map(|grant| ((&**source, &grant.split), grant.bytes)));
    }
    let by_bytes = slices.iter().any(|slice| {
        let range = &slice.range;
        let average = range.bytes / range.records.max(1);
        let limit = limits.get(&(&*range.source, &range.split));
        limit.is_some_and(|limit| range.bytes + average >= *limit)
    });
    match by_bytes {
        true if is_short_of_memory => LimitedBy::Memory,
        true => LimitedBy::BatchSize,
        false => LimitedBy::Available,
    }
}

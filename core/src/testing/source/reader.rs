//! Drives a source the way the engine does.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::DataType;
use tokio::time::{Instant, timeout};

use super::super::violation::{during, require};
use super::{Summary, Violation};
use crate::batch::Slice;
use crate::position::Position;
use crate::source::{Committed, Resume, Source};
use crate::split::{Grant, SplitId, SplitPhase, SplitStatus};

/// How long a call may take that has nothing to wait for.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Limits of each grant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) records: u64,
    pub(super) bytes: u64,
}

/// An instance under test, and where it stands.
pub(super) struct Reader {
    pub(super) source: Box<dyn Source>,
    pub(super) next: BTreeMap<SplitId, Position>,
    /// Splits whose last slice was read.
    pub(super) ended: BTreeSet<SplitId>,
    /// All that was read, in the order of reading.
    pub(super) slices: Vec<Slice>,
}

/// What a source yielded, by split.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) slices: Vec<Slice>,
    pub(super) splits: BTreeMap<SplitId, RecordBatch>,
}

impl Reader {
    /// Connects an instance.
    pub(super) async fn connect(
        mut source: Box<dyn Source>,
        resume: &Resume,
    ) -> Result<Self, Violation> {
        source.connect(resume).await.map_err(during("connect"))?;
        let ended = resume.finished.iter().cloned().collect();
        Ok(Self { source, next: resume.committed.clone(), ended, slices: Vec::new() })
    }

    /// Asks for the splits and holds the answer against the contract.
    pub(super) async fn splits(&mut self) -> Result<Vec<SplitStatus>, Violation> {
        let answer = timeout(PATIENCE, self.source.splits(&self.next)).await;
        let answer = answer.map_err(during("splits"))?.map_err(during("splits"))?;
        let mut seen = BTreeSet::new();
        for status in &answer {
            let split = &status.split;
            require(seen.insert(split.clone()), || format!("splits names `{split}` twice"))?;
            let next = self.next.get(split).unwrap_or(&status.start);
            if let Some(end) = &status.end {
                require(end >= next, || {
                    format!("split `{split}` ends at {end}, before {next}, where it is to be read")
                })?;
                require(end != next || status.backlog.is_none_or(|backlog| backlog == 0), || {
                    format!("split `{split}` is read to its end {end} and still has a backlog")
                })?;
            }
        }
        Ok(answer)
    }

    /// Grants for all splits that may have something.
    pub(super) async fn grants(&mut self, limits: Limits) -> Result<Vec<Grant>, Violation> {
        let statuses = self.splits().await?;
        let open = statuses.into_iter().filter(|status| {
            let next = self.next.get(&status.split).unwrap_or(&status.start);
            let drained = status.backlog == Some(0) || status.end.as_ref() == Some(next);
            let may = matches!(status.phase, SplitPhase::Active | SplitPhase::Ended);
            may && !drained && !self.ended.contains(&status.split)
        });
        Ok(open
            .map(|status| Grant {
                from: self.next.get(&status.split).unwrap_or(&status.start).clone(),
                split: status.split,
                generation: status.generation,
                until: None,
                records: limits.records,
                bytes: limits.bytes,
            })
            .collect())
    }

    /// Reads once and holds the answer against the grants.
    pub(super) async fn read(
        &mut self,
        grants: &[Grant],
        within: Duration,
    ) -> Result<usize, Violation> {
        let deadline = Instant::now() + within;
        let slices = timeout(within + PATIENCE, self.source.read(grants, deadline)).await;
        let slices = slices
            .map_err(|_| Violation(format!("read ran {PATIENCE:?} past its deadline")))?
            .map_err(during("read"))?;
        for grant in grants {
            self.hold(grant, &slices)?;
        }
        for slice in &slices {
            let split = &slice.range.split;
            require(grants.iter().any(|grant| grant.split == *split), || {
                format!("read yields records of `{split}`, for which there was no grant")
            })?;
            check_slice(slice)?;
        }
        let count = slices.len();
        self.slices.extend(slices);
        Ok(count)
    }

    /// Holds the slices of one split against its grant, and moves on.
    fn hold(&mut self, grant: &Grant, slices: &[Slice]) -> Result<(), Violation> {
        let split = &grant.split;
        let mut next = grant.from.clone();
        let (mut records, mut bytes) = (0, 0);
        for range in slices.iter().map(|slice| &slice.range).filter(|range| range.split == *split) {
            require(range.from == next, || {
                format!("a slice of `{split}` begins at {}, where {next} is due", range.from)
            })?;
            require(!self.ended.contains(split), || {
                format!("a slice of `{split}` follows the last one")
            })?;
            require(range.generation == grant.generation, || {
                format!("a slice of `{split}` bears another generation than its grant")
            })?;
            records += range.records;
            bytes += range.bytes;
            next = range.until.clone();
            if range.last {
                self.ended.insert(split.clone());
            }
        }
        require(records <= grant.records, || {
            format!("`{split}` yields {records} records, and {} were granted", grant.records)
        })?;
        require(bytes <= grant.bytes || records == 1, || {
            format!("`{split}` yields {bytes} bytes, and {} were granted", grant.bytes)
        })?;
        require(grant.until.as_ref().is_none_or(|until| next <= *until), || {
            format!("`{split}` is read to {next}, past {:?}", grant.until)
        })?;
        if next != grant.from {
            self.next.insert(split.clone(), next);
        }
        Ok(())
    }

    /// Reads until nothing is left, or `rounds` reads were made.
    pub(super) async fn drain(&mut self, limits: Limits, rounds: usize) -> Result<(), Violation> {
        let mut idle_since = Instant::now();
        for _ in 0..rounds {
            let grants = self.grants(limits).await?;
            if grants.is_empty() {
                return Ok(());
            }
            if self.read(&grants, Duration::from_secs(5)).await? > 0 {
                idle_since = Instant::now();
                continue;
            }
            require(idle_since.elapsed() < PATIENCE, || {
                format!("splits promises more of `{}`, and read does not yield it", grants[0].split)
            })?;
            // It may be wrong about being ready, so it is not relied upon.
            let _ = timeout(Duration::from_millis(50), self.source.ready()).await;
        }
        Ok(())
    }

    /// What the checkpoint would hold if all that was read were committed.
    pub(super) fn committed(&self) -> Vec<Committed> {
        let mut last = BTreeMap::new();
        for range in self.slices.iter().map(|slice| &slice.range) {
            let committed = Committed {
                split: range.split.clone(),
                generation: range.generation,
                position: range.until.clone(),
                finished: range.last,
            };
            last.insert(range.split.clone(), committed);
        }
        last.into_values().collect()
    }
}

fn check_slice(slice: &Slice) -> Result<(), Violation> {
    let range = &slice.range;
    let split = &range.split;
    require(range.records > 0 || range.from < range.until, || {
        format!("read yields an empty slice of `{split}`")
    })?;
    require(range.from < range.until, || {
        format!("a slice of `{split}` goes from {} to {}", range.from, range.until)
    })?;
    require(range.records == slice.records.num_rows() as u64, || {
        format!(
            "a slice of `{split}` has {} rows and says {}",
            slice.records.num_rows(),
            range.records
        )
    })?;
    let schema = slice.records.schema();
    let known = schema.fields().len();
    require(slice.position.is_none_or(|index| index < known), || {
        format!("a slice of `{split}` has no column of positions")
    })?;
    let raw = slice.raw.map(|index| schema.fields().get(index).map(|field| field.data_type()));
    require(!matches!(raw, Some(None | Some(DataType::Boolean | DataType::Null))), || {
        format!("a slice of `{split}` has no column of raw bytes")
    })
}

/// The resume that a checkpoint would give after these commits.
pub(super) fn resume(committed: &[Committed]) -> Resume {
    let (finished, open): (Vec<_>, Vec<_>) = committed.iter().partition(|done| done.finished);
    Resume {
        committed: open.into_iter().map(|at| (at.split.clone(), at.position.clone())).collect(),
        finished: finished.into_iter().map(|done| done.split.clone()).collect(),
    }
}

impl Content {
    /// Puts the slices of each split together.
    pub(super) fn of(slices: Vec<Slice>) -> Result<Self, Violation> {
        let mut by_split: BTreeMap<SplitId, Vec<RecordBatch>> = BTreeMap::new();
        for slice in &slices {
            by_split.entry(slice.range.split.clone()).or_default().push(slice.records.clone());
        }
        let mut splits = BTreeMap::new();
        for (split, batches) in by_split {
            let whole = concat_batches(&batches[0].schema(), &batches);
            let whole = whole.map_err(during("putting slices together"))?;
            splits.insert(split, whole);
        }
        Ok(Self { slices, splits })
    }

    pub(super) fn summary(&self) -> Summary {
        let records = self.splits.values().map(|records| records.num_rows() as u64).sum();
        Summary { splits: self.splits.len(), records }
    }

    /// Whether both hold the same records; `what` names the other reading.
    pub(super) fn require_same(&self, other: &Self, what: &str) -> Result<(), Violation> {
        for split in self.splits.keys().chain(other.splits.keys()) {
            let (first, second) = (self.splits.get(split), other.splits.get(split));
            let rows = |records: Option<&RecordBatch>| records.map_or(0, RecordBatch::num_rows);
            require(rows(first) == rows(second), || {
                let (first, second) = (rows(first), rows(second));
                format!("{what}: split `{split}` has {second} records instead of {first}")
            })?;
            require(first == second, || format!("{what}: records of split `{split}` differ"))?;
        }
        Ok(())
    }
}

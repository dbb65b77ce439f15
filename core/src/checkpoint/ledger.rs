//! What a log amounts to.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::batch::BatchId;
use crate::sink::Receipt;
use crate::split::SplitId;
use crate::transform::State;

use super::entry::{Commit, Entry, Opened, Plan, PositionAt};

/// What a log amounts to: its entries, applied in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// The last opening.
    pub opened: Opened,
    /// The last committed batch; 0 if none.
    pub committed: BatchId,
    /// When it was committed, in milliseconds since the Unix epoch.
    #[serde(default)]
    pub committed_ms: u64,
    /// The end of the time that the last committed batch takes up, see [`Plan::until_ms`].
    #[serde(default)]
    pub committed_until_ms: u64,
    /// Positions and finished splits, by source.
    #[serde(default)]
    pub sources: BTreeMap<Arc<str>, SourceLedger>,
    /// The last receipt of each settling sink.
    #[serde(default)]
    pub receipts: BTreeMap<Arc<str>, Receipt>,
    /// The transform's state after the last committed batch.
    #[serde(default)]
    pub state: Option<State>,
    /// The batch after which that state was taken; 0 if there is none. Its bytes are kept under
    /// this number.
    #[serde(default)]
    pub state_batch: BatchId,
    /// Batches that are planned and not committed, in order.
    #[serde(default)]
    pub pending: VecDeque<Plan>,
}

/// What is known of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceLedger {
    /// The committed position of each split.
    #[serde(default)]
    pub positions: BTreeMap<SplitId, PositionAt>,
    /// Splits that ended for good and are not to be read again.
    #[serde(default)]
    pub finished: BTreeSet<SplitId>,
}

impl Ledger {
    /// The number of the next batch to be planned.
    #[must_use]
    pub fn next_batch(&self) -> BatchId {
        self.pending.back().map_or(self.committed, |plan| plan.batch).saturating_add(1)
    }

    /// The time under which the next batch is to be planned, where it is `now_ms`. Times of plans
    /// rise with their numbers, also where the clock was set back, and by at least a millisecond
    /// for each thousand records: who counts microseconds from the time of a batch, one for each
    /// of its records, never reaches the next one's.
    #[must_use]
    pub fn plan_time_ms(&self, now_ms: u64) -> u64 {
        let after_last = self.pending.back().map_or(self.committed_until_ms, Plan::until_ms);
        now_ms.max(after_last)
    }

    /// Applies an entry.
    ///
    /// # Errors
    /// A sentence that says in which way the entry cannot follow the ones before it.
    pub fn apply(&mut self, entry: Entry) -> Result<(), String> {
        self.check(&entry)?;
        match entry {
            Entry::Opened(opened) => self.opened = opened,
            Entry::Plan(plan) => self.pending.push_back(plan),
            Entry::Commit(commit) => self.apply_commit(commit),
            Entry::Ledger(ledger) => *self = *ledger,
        }
        Ok(())
    }

    /// Whether an entry can follow the ones before it.
    ///
    /// # Errors
    /// A sentence that says in which way it cannot.
    pub fn check(&self, entry: &Entry) -> Result<(), String> {
        match entry {
            Entry::Opened(opened) if opened.epoch <= self.opened.epoch => {
                Err(format!("epoch {} follows epoch {}", opened.epoch, self.opened.epoch))
            }
            Entry::Plan(plan) if plan.batch != self.next_batch() => Err(format!(
                "batch {} is planned where batch {} is due",
                plan.batch,
                self.next_batch()
            )),
            Entry::Commit(commit) => {
                let last_planned = self.next_batch() - 1;
                if commit.upto < self.committed || commit.upto > last_planned {
                    return Err(format!(
                        "batch {} is committed, but batches {} to {last_planned} are planned",
                        commit.upto,
                        self.committed.saturating_add(1)
                    ));
                }
                Ok(())
            }
            Entry::Opened(_) | Entry::Plan(_) | Entry::Ledger(_) => Ok(()),
        }
    }

    fn apply_commit(&mut self, commit: Commit) {
        while self.pending.front().is_some_and(|plan| plan.batch <= commit.upto) {
            if let Some(plan) = self.pending.pop_front() {
                self.committed_until_ms = plan.until_ms();
            }
        }
        self.committed = commit.upto;
        self.committed_ms = commit.time_ms;
        for (source, moved) in commit.sources {
            let known = self.sources.entry(source).or_default();
            known.positions.extend(moved.positions);
            for split in moved.finished {
                known.positions.remove(&split);
                known.finished.insert(split);
            }
            for split in moved.forgotten {
                known.positions.remove(&split);
                known.finished.remove(&split);
            }
        }
        self.receipts.extend(commit.receipts);
        if commit.state.is_some() {
            self.state = commit.state;
            self.state_batch = commit.upto;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::range::Range;

    fn plan(batch: BatchId, time_ms: u64, records: u64) -> Plan {
        let range = Range {
            source: "s".into(),
            split: "0".into(),
            generation: 0,
            from: 0.into(),
            until: records.into(),
            records,
            bytes: 0,
            last: false,
        };
        Plan { batch, time_ms, ranges: vec![range] }
    }

    #[test]
    fn times_of_plans_leave_a_microsecond_for_each_record_and_never_fall() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.plan_time_ms(5_000), 5_000);
        ledger.apply(Entry::Plan(plan(1, 5_000, 2_500))).unwrap();
        assert_eq!(ledger.plan_time_ms(5_000), 5_004);
        assert_eq!(ledger.plan_time_ms(6_000), 6_000);
        let commit = Commit { upto: 1, time_ms: 5_001, ..Commit::default() };
        ledger.apply(Entry::Commit(commit)).unwrap();
        // The clock was set back.
        assert_eq!(ledger.plan_time_ms(1_000), 5_004);
    }
}

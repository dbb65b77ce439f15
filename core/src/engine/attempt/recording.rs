//! What is recorded in the checkpoint.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::time::Instant;

use crate::batch::BatchId;
use crate::checkpoint::{CheckpointError, Commit, Plan, PositionAt, SourceCommit};
use crate::progress::Event;

use super::super::failure::Failure;
use super::super::outputs::{Outputs, Receipts};
use super::Attempt;
use crate::crash;

impl Attempt {
    pub(super) async fn plan(&mut self, plan: Plan, sync: bool) -> Result<(), Failure> {
        let mut failures = 0;
        while let Err(error) = self.checkpoint.plan(plan.clone(), sync).await {
            self.wait_for_checkpoint(error, &mut failures).await?;
        }
        self.context.reporter.recovered("checkpoint");
        Ok(())
    }

    /// Records that all batches up to one are durable.
    pub(super) async fn commit(
        &mut self,
        upto: BatchId,
        receipts: Receipts,
    ) -> Result<(), Failure> {
        let state = match &self.last_snapshot {
            Some(snapshot) => {
                Some(snapshot.encode().map_err(|error| Failure::fatal("transform", error))?)
            }
            None => None,
        };
        let pending = &self.checkpoint.ledger().pending;
        let plans = pending.iter().take_while(|plan| plan.batch <= upto);
        let ranges: Vec<crate::Range> = plans.flat_map(|plan| plan.ranges.clone()).collect();
        if ranges.is_empty() && receipts.is_empty() && self.forgotten.is_empty() {
            return Ok(());
        }
        let commit = Commit {
            upto,
            time_ms: self.context.clock.now_ms(),
            sources: self.source_commits(&ranges),
            receipts,
            state,
        };
        // A receipt is acted upon at once, and a state cannot be told from a later one. Anything
        // else would at worst be done again, so that several batches can share a sync.
        let sync = !commit.receipts.is_empty() || commit.state.is_some();
        crash::point("before-commit");
        let mut failures = 0;
        while let Err(error) = self.checkpoint.commit(commit.clone(), sync).await {
            self.wait_for_checkpoint(error, &mut failures).await?;
        }
        crash::point("after-commit");
        self.context.reporter.recovered("checkpoint");
        self.made_progress = true;
        self.forgotten.clear();
        self.is_crowded = false;
        self.unsynced.extend(ranges);
        self.unsynced_since.get_or_insert_with(Instant::now);
        if sync {
            self.announce();
        }
        Ok(())
    }

    /// Makes durable what was recorded, and lets the sources know.
    pub(super) async fn sync(&mut self) -> Result<(), Failure> {
        let mut failures = 0;
        while let Err(error) = self.checkpoint.sync().await {
            self.wait_for_checkpoint(error, &mut failures).await?;
        }
        self.context.reporter.recovered("checkpoint");
        self.announce();
        Ok(())
    }

    /// All that was recorded is durable: the sources may be told.
    fn announce(&mut self) {
        self.unsynced_since = None;
        self.news.append(&mut self.unsynced);
        let pipeline = self.context.settings.name.clone();
        let upto = self.checkpoint.ledger().committed;
        self.context.reporter.event(&Event::Committed { pipeline, upto });
    }

    /// Records that all batches up to one are durable, then lets the sinks show them: never what
    /// is not recorded, or the next start would write it once more beside what is shown.
    pub(super) async fn commit_and_publish(
        &mut self,
        upto: BatchId,
        outputs: Outputs,
        receipts: Receipts,
    ) -> Result<(), Failure> {
        let committed = self.commit(upto, receipts.clone()).await;
        match committed {
            Ok(()) => self.start_publish(outputs, receipts),
            Err(_) => self.outputs = Some(outputs),
        }
        committed
    }

    pub(super) fn source_commits(
        &self,
        ranges: &[crate::Range],
    ) -> BTreeMap<Arc<str>, SourceCommit> {
        let mut sources: BTreeMap<Arc<str>, SourceCommit> = BTreeMap::new();
        for range in ranges {
            let moved = sources.entry(range.source.clone()).or_default();
            if range.last {
                moved.positions.remove(&range.split);
                moved.finished.push(range.split.clone());
            } else {
                let position = range.until.clone();
                let at = PositionAt { position, generation: range.generation };
                moved.positions.insert(range.split.clone(), at);
            }
        }
        for (source, splits) in &self.forgotten {
            sources.entry(source.clone()).or_default().forgotten.extend(splits.iter().cloned());
        }
        sources
    }

    pub(super) async fn wait_for_checkpoint(
        &mut self,
        error: CheckpointError,
        failures: &mut u32,
    ) -> Result<(), Failure> {
        let CheckpointError::Io(reason) = &error else {
            return Err(Failure::of_checkpoint(&error));
        };
        *failures += 1;
        if *failures == 1 {
            tracing::warn!(%error, "the checkpoint cannot be written; trying again");
        }
        self.context.reporter.waiting("checkpoint", reason);
        let pause = self.context.settings.backoff.pause(*failures, fastrand::f64());
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

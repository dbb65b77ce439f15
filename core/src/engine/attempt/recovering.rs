//! What an attempt takes up first.

use crate::progress::PipelineState;

use super::super::failure::Failure;
use super::Attempt;

impl Attempt {
    /// Takes up what an earlier run left.
    pub(super) async fn recover(&mut self) -> Result<(), Failure> {
        self.context.reporter.enter(PipelineState::Starting);
        let ledger = self.checkpoint.ledger();
        if let Some(inputs) = &self.inputs {
            // A batch that comes again with fewer records is another batch: it is later than all
            // that was planned, and so are those after it.
            let mut later = None;
            for plan in &ledger.pending {
                let mut replay = inputs.to_replay(plan.clone());
                if later.is_some() || replay.ranges.len() < plan.ranges.len() {
                    let now_ms = ledger.plan_time_ms(self.context.clock.now_ms());
                    replay.time_ms = now_ms.max(later.unwrap_or(0));
                    later = Some(replay.until_ms());
                }
                self.replays.push_back(replay);
            }
        }
        if let Some(transform) = &mut self.transform {
            transform
                .restore(ledger.state.as_ref())
                .map_err(|error| Failure::fatal("transform", error))?;
        } else if let Some(state) = &ledger.state {
            return Err(Failure::fatal(
                "transform",
                format!(
                    "the checkpoint holds state of `{}`, but this pipeline has no transform that \
                     keeps it; restore the query that made it, or start with a new checkpoint",
                    state.schema
                ),
            ));
        }
        if let Some(inputs) = &mut self.inputs {
            inputs.begin(ledger);
        }
        if let Some(outputs) = &mut self.outputs {
            tokio::select! {
                begun = outputs.begin(ledger) => begun?,
                () = self.context.stop.cancelled() => return Err(Failure::Cancelled),
            }
        }
        if !self.replays.is_empty() {
            tracing::info!(
                pipeline = %self.context.settings.name,
                batches = self.replays.len(),
                "writing the batches again that were planned but not committed"
            );
        }
        self.context.reporter.enter(PipelineState::Running);
        Ok(())
    }
}

//! The sinks of a pipeline, and its dead letters: written together, settled together.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::join_all;

use crate::batch::{Batch, Rows};
use crate::checkpoint::Ledger;
use crate::dead_letter::{DeadLetter, to_columns};
use crate::progress::SinkProgress;
use crate::sink::Receipt;

use super::failure::Failure;
use super::letters::Postmark;
use super::output::{Output, OutputParts, Surroundings};
use super::window::{TapStage, Window, sample};

/// The receipts of sinks that settled, by sink.
pub(super) type Receipts = BTreeMap<Arc<str>, Receipt>;

/// The sinks of a pipeline.
pub(super) struct Outputs {
    list: Vec<Output>,
    letters: Output,
    around: Surroundings,
    window: Window,
}

/// What became of a batch.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Records and rows that became dead letters.
    pub(super) letters: u64,
    /// Attempts beyond the first, over all sinks.
    pub(super) retries: u64,
    /// What became of it at each sink.
    pub(super) sinks: Vec<SinkProgress>,
    /// If all that was written so far is safe once the checkpoint has these receipts.
    pub(super) settled: Option<Receipts>,
}

impl Outputs {
    pub(super) fn new(
        list: Vec<OutputParts>,
        letters: OutputParts,
        around: Surroundings,
        window: Window,
    ) -> Self {
        let output = |parts: OutputParts| {
            let gauge = window.gauge(&parts.name);
            Output::new(parts, gauge)
        };
        let list = list.into_iter().map(output).collect();
        let letters = output(letters);
        Self { list, letters, around, window }
    }

    /// Another attempt begins: from now on this is what ends waits.
    pub(super) fn surround(&mut self, around: Surroundings) {
        self.around = around;
    }

    /// Whether some sink must see the very same batch again after a crash.
    pub(super) fn need_plan(&self) -> bool {
        self.all().any(|output| output.sink.needs_plan())
    }

    fn all(&self) -> impl Iterator<Item = &Output> {
        self.list.iter().chain([&self.letters])
    }

    fn all_mut(&mut self) -> impl Iterator<Item = &mut Output> {
        self.list.iter_mut().chain([&mut self.letters])
    }

    /// Connects all and takes up what an earlier run left.
    pub(super) async fn begin(&mut self, ledger: &Ledger) -> Result<(), Failure> {
        let around = self.around.clone();
        let begins = self
            .all_mut()
            .map(|output| {
                let receipt = ledger.receipts.get(&output.name);
                output.begin(receipt, &around)
            })
            .collect::<Vec<_>>();
        join_all(begins).await.into_iter().collect()
    }

    /// Writes a batch to all sinks at once, and its dead letters; then settles if it is time, or
    /// in any case if `settle_now`.
    pub(super) async fn write(
        &mut self,
        batch: &Batch,
        mut letters: Vec<DeadLetter>,
        postmark: &Postmark,
        settle_now: bool,
    ) -> Result<Outcome, Failure> {
        let around = self.around.clone();
        let writes = self.list.iter_mut().map(|output| output.write(batch, postmark, &around));
        let mut outcome = Outcome::default();
        let deliveries: Vec<_> = join_all(writes).await;
        for (output, delivery) in self.list.iter().zip(deliveries) {
            let delivery = delivery?;
            outcome.sinks.push(delivery.told(&output.name));
            letters.extend(delivery.letters);
            outcome.retries += delivery.retries;
        }
        if !letters.is_empty() {
            outcome.letters = letters.len() as u64;
            self.write_letters(batch, &letters, postmark).await?;
        }
        outcome.settled = self.settle(settle_now).await?;
        Ok(outcome)
    }

    async fn write_letters(
        &mut self,
        batch: &Batch,
        letters: &[DeadLetter],
        postmark: &Postmark,
    ) -> Result<(), Failure> {
        self.window.show(TapStage::DeadLetter, || sample::of_letters(letters));
        let columns =
            to_columns(letters).map_err(|error| Failure::fatal(&self.letters.name, error))?;
        let batch = batch.with_chunks(vec![Rows { columns, origin: None }]);
        let delivery = self.letters.write(&batch, postmark, &self.around).await?;
        match delivery.letters.first() {
            None => Ok(()),
            Some(refused) => Err(Failure::fatal(
                &self.letters.name,
                format!(
                    "the sink for dead letters refuses a dead letter ({}); nothing may be lost, so \
                     the pipeline stops: choose a sink that takes their columns",
                    refused.reason.text
                ),
            )),
        }
    }

    /// Settles all sinks if one of them thinks that it is time, or in any case if `now`.
    /// `Some` says that all that was written is safe once the checkpoint has the receipts.
    pub(super) async fn settle(&mut self, now: bool) -> Result<Option<Receipts>, Failure> {
        let mut receipts = Receipts::new();
        let mut due = now || !self.list.iter().any(Output::is_unsettled);
        for last_pass in [false, true] {
            if last_pass && !due {
                return Ok(None);
            }
            let letters = last_pass.then_some(&mut self.letters);
            for output in self.list.iter_mut().chain(letters) {
                if !output.is_unsettled() {
                    continue;
                }
                if let Some(receipt) = output.settle(due).await? {
                    due = true;
                    receipts.extend(receipt.map(|receipt| (output.name.clone(), receipt)));
                }
            }
        }
        Ok(Some(receipts))
    }

    /// Whether some sink holds rows that are not safe yet.
    pub(super) fn is_unsettled(&self) -> bool {
        self.all().any(Output::is_unsettled)
    }

    /// Publishes receipts that are in the checkpoint.
    pub(super) async fn publish(&mut self, receipts: &Receipts) -> Result<(), Failure> {
        let around = self.around.clone();
        for output in self.list.iter_mut().chain([&mut self.letters]) {
            if let Some(receipt) = receipts.get(&output.name) {
                output.publish(receipt, &around).await?;
            }
        }
        Ok(())
    }

    /// Ends all sinks.
    pub(super) async fn close(&mut self) {
        join_all(self.all_mut().map(|output| output.sink.close())).await;
    }
}

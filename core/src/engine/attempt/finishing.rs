//! What follows when a task gives back what it was lent.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::batch::BatchId;
use crate::checkpoint::Plan;
use crate::progress::Event;
use crate::trigger::Trigger;

use super::super::failure::Failure;
use super::super::flight::{Flight, Result as FlightResult, Stage};
use super::super::outputs::{Outcome, Outputs};
use super::super::reading::Reading;
use super::super::window::{BatchStage, TapStage, UnderWay, sample};
use super::work::Desk;
use super::{Attempt, Done, EMPTY_PAUSE, PAUSED_CHECK};
use crate::crash;

impl Attempt {
    pub(super) async fn take_back(&mut self, done: Done) -> Result<(), Failure> {
        match done {
            Done::Read(inputs, reading) => {
                // What is committed and not told yet takes room that will be free in a moment.
                if self.unsynced.is_empty() && self.news.is_empty() {
                    self.is_crowded = inputs.are_crowded();
                }
                self.inputs = Some(inputs);
                self.take_reading(reading?).await
            }
            Done::Replayed(inputs, plan, reading) => {
                self.inputs = Some(inputs);
                let mut reading = reading?;
                let slices = std::mem::take(&mut reading.slices);
                self.start_decode(plan.batch, plan.time_ms, slices);
                let due_ms = self.context.clock.now_ms();
                self.take_up(Flight::new(plan, reading, due_ms));
                Ok(())
            }
            Done::Told(inputs, forgotten) => {
                self.inputs = Some(inputs);
                for (source, splits) in forgotten {
                    self.forgotten.entry(source).or_default().extend(splits);
                }
                Ok(())
            }
            Done::Decoded(batch, took, decoded) => {
                let decoded = decoded?;
                crash::point("after-decode");
                self.context.window.show(TapStage::Decoded, || {
                    sample::of_rows(batch, decoded.tables.iter().flat_map(|(_, rows)| rows))
                });
                if let Some(flight) = self.flight(batch) {
                    flight.times.prepare += took;
                    flight.stage = Stage::Decoded(decoded);
                }
                Ok(())
            }
            Done::Transformed(transform, batch, took, rows) => {
                let snapshot = transform.snapshot();
                self.transform = Some(transform);
                let rows = rows?;
                self.enter(batch, BatchStage::Ready);
                if let Some(flight) = self.flight(batch) {
                    flight.times.prepare += took;
                    flight.times.transform += took;
                    flight.snapshot = snapshot;
                    flight.stage = Stage::Ready(rows);
                }
                Ok(())
            }
            Done::Written(outputs, batch, result, took, outcome) => {
                self.take_written(outputs, batch, result, took, outcome).await
            }
            Done::Settled(outputs, settled) => match settled {
                Ok(Some(receipts)) => {
                    let upto = self.last_written;
                    self.commit_and_publish(upto, outputs, receipts).await
                }
                Ok(None) => {
                    self.outputs = Some(outputs);
                    Ok(())
                }
                Err(failure) => {
                    self.outputs = Some(outputs);
                    Err(failure)
                }
            },
            Done::Published(outputs, published) => {
                self.outputs = Some(outputs);
                published
            }
        }
    }

    /// A batch is under way from now on.
    fn take_up(&mut self, flight: Flight) {
        self.context.window.begin(UnderWay {
            batch: flight.plan.batch,
            stage: BatchStage::Decode,
            since_ms: self.context.clock.now_ms(),
            records: flight.records(),
            bytes: flight.bytes(),
        });
        self.flights.push_back(flight);
    }

    /// A batch goes to the next stage.
    pub(super) fn enter(&self, batch: BatchId, stage: BatchStage) {
        self.context.window.enter(batch, stage, self.context.clock.now_ms());
    }

    pub(super) fn flight(&mut self, batch: BatchId) -> Option<&mut Flight> {
        self.flights.iter_mut().find(|flight| flight.plan.batch == batch)
    }

    pub(super) async fn take_reading(&mut self, mut reading: Reading) -> Result<(), Failure> {
        self.last_limit = reading.limited_by;
        let is_only_batch = self.context.settings.trigger == Trigger::Once && reading.complete;
        if is_only_batch || reading.exhausted {
            self.drain();
        }
        let slices = std::mem::take(&mut reading.slices);
        if slices.is_empty() {
            let pause = if self.paused { PAUSED_CHECK } else { EMPTY_PAUSE };
            self.not_before = Instant::now() + pause;
            return Ok(());
        }
        crash::point("after-read");
        self.desk = Desk::of(slices.iter().map(|slice| slice.range.bytes).sum());
        let plan = Plan {
            batch: self.checkpoint.ledger().next_batch(),
            time_ms: self.checkpoint.ledger().plan_time_ms(self.context.clock.now_ms()),
            ranges: slices.iter().map(|slice| slice.range.clone()).collect(),
        };
        let needs_plan = self.is_stateful || self.outputs.as_ref().is_some_and(Outputs::need_plan);
        self.plan(plan.clone(), needs_plan).await?;
        crash::point("after-plan");
        self.start_decode(plan.batch, plan.time_ms, slices);
        self.take_up(Flight::new(plan, reading, self.due_ms));
        Ok(())
    }

    pub(super) async fn take_written(
        &mut self,
        outputs: Outputs,
        batch: BatchId,
        mut result: FlightResult,
        took: Duration,
        outcome: Result<Outcome, Failure>,
    ) -> Result<(), Failure> {
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(failure) => {
                self.outputs = Some(outputs);
                return Err(failure);
            }
        };
        let Some(mut flight) = self.flights.pop_front() else {
            self.outputs = Some(outputs);
            return Ok(());
        };
        self.last_written = batch;
        self.last_snapshot = flight.snapshot.take();
        flight.times.write = took;
        let started = Instant::now();
        let committed = match outcome.settled {
            Some(receipts) => self.commit_and_publish(batch, outputs, receipts).await,
            None => {
                self.outputs = Some(outputs);
                Ok(())
            }
        };
        committed?;
        flight.times.commit = started.elapsed();
        self.context.window.end(batch);
        result.time_ms = self.context.clock.now_ms();
        result.letters = outcome.letters;
        result.retries = outcome.retries;
        let mut progress = flight.progress(&self.context.settings.name, result);
        progress.sinks = outcome.sinks;
        if let Some(controller) = &mut self.controller {
            controller.observe(&flight.observation(&progress));
            progress.control = Some(controller.told());
        }
        self.context.reporter.event(&Event::Progress(Arc::new(progress)));
        Ok(())
    }
}

//! What can start now, and the tasks that do it.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::time::Instant;

use crate::batch::{Batch, BatchId};
use crate::split::SplitId;
use crate::transform::Input as TransformInput;

use super::super::controller::Controller;
use super::super::decoding::{Decoders, decode};
use super::super::failure::Failure;
use super::super::flight::{Flight, Result as FlightResult, Stage};
use super::super::letters::Postmark;
use super::super::outputs::{Outputs, Receipts};
use super::super::window::{BatchStage, TapStage, sample};
use super::work::Desk;
use super::{Attempt, Done};
use crate::crash;

impl Attempt {
    pub(super) fn start_what_can_start(&mut self) {
        self.start_telling();
        self.start_replay();
        self.start_transform();
        self.start_write();
        let idle = self.draining && self.flights.is_empty() && self.outputs.is_some();
        if idle && !self.final_settle && self.work.is_empty() {
            self.final_settle = true;
            self.start_settle(true);
        }
    }

    pub(super) fn start_telling(&mut self) {
        let Some(mut inputs) = self.inputs.take() else { return };
        if !self.news.is_empty() {
            inputs.committed(&std::mem::take(&mut self.news));
        }
        if !inputs.has_news() && !inputs.has_leaving() {
            self.inputs = Some(inputs);
            return;
        }
        let mut busy: BTreeSet<(Arc<str>, SplitId)> = BTreeSet::new();
        if inputs.has_leaving() {
            let pending = self.checkpoint.ledger().pending.iter();
            let ranges = pending.flat_map(|plan| &plan.ranges);
            busy.extend(ranges.map(|range| (range.source.clone(), range.split.clone())));
            if !inputs.has_news() && !inputs.can_release(&busy) {
                self.inputs = Some(inputs);
                return;
            }
        }
        crash::point("before-tell");
        self.work.start(self.desk, async move {
            let forgotten = inputs.tell(&busy).await;
            crash::point("after-tell");
            Done::Told(inputs, forgotten)
        });
    }

    pub(super) fn start_replay(&mut self) {
        if self.replays.is_empty() || !self.has_room() {
            return;
        }
        let Some(mut inputs) = self.inputs.take() else { return };
        let Some(plan) = self.replays.pop_front() else {
            self.inputs = Some(inputs);
            return;
        };
        let cancel = self.context.cancel.clone();
        self.work.start(Desk::Task, async move {
            let reading = inputs.replay(&plan, &cancel).await;
            Done::Replayed(inputs, plan, reading)
        });
    }

    pub(super) fn start_read(&mut self) {
        let Some(mut inputs) = self.inputs.take() else { return };
        let now_ms = self.context.clock.now_ms();
        if let Some(next) = self.context.settings.trigger.next_tick_ms(now_ms) {
            // The first tick that was missed is when this batch was due; the others merge into it.
            self.due_ms = self.tick_ms.min(now_ms);
            self.tick_ms = next;
        }
        if self.context.settings.available_now {
            self.due_ms = now_ms;
        }
        let rate = self.controller.as_ref().and_then(Controller::rate);
        self.work.start(self.desk, async move {
            let reading = inputs.gather(rate).await;
            Done::Read(inputs, reading)
        });
    }

    pub(super) fn start_decode(
        &mut self,
        batch: BatchId,
        time_ms: u64,
        slices: Vec<crate::batch::Slice>,
    ) {
        let decoders = Decoders {
            by_source: self.context.decoders.clone(),
            backoff: self.context.settings.backoff,
            reporter: self.context.reporter.clone(),
            cancel: self.context.cancel.clone(),
        };
        self.context.window.show(TapStage::Read, || sample::of_slices(batch, &slices));
        let pipeline = self.context.settings.name.clone();
        let desk = Desk::of(slices.iter().map(|slice| slice.range.bytes).sum());
        self.work.start(desk, async move {
            let started = Instant::now();
            let decoded = decode(slices, decoders, Postmark { pipeline, batch, time_ms }).await;
            Done::Decoded(batch, started.elapsed(), decoded)
        });
    }

    pub(super) fn start_transform(&mut self) {
        let first = |flight: &Flight| !matches!(flight.stage, Stage::Ready(_) | Stage::Writing);
        let Some(index) = self.flights.iter().position(first) else { return };
        let flight = &mut self.flights[index];
        let Stage::Decoded(_) = flight.stage else { return };
        if self.has_transform && self.transform.is_none() {
            return;
        }
        let Stage::Decoded(decoded) = std::mem::replace(&mut flight.stage, Stage::Transforming)
        else {
            return;
        };
        flight.letters = decoded.letters;
        let (batch, time_ms) = (flight.plan.batch, flight.plan.time_ms);
        let Some(mut transform) = self.transform.take() else {
            let rows = decoded.tables.into_iter().flat_map(|(_, rows)| rows).collect();
            flight.stage = Stage::Ready(rows);
            self.enter(batch, BatchStage::Ready);
            return self.start_transform();
        };
        let desk = Desk::of(flight.bytes());
        self.enter(batch, BatchStage::Transform);
        let input = TransformInput { batch, time_ms, tables: decoded.tables };
        self.work.start(desk, async move {
            let started = Instant::now();
            let rows = transform.apply(input).await;
            let rows = rows.map_err(|error| Failure::fatal("transform", error));
            Done::Transformed(transform, batch, started.elapsed(), rows)
        });
    }

    pub(super) fn start_write(&mut self) {
        let Some(flight) = self.flights.front_mut() else { return };
        let Stage::Ready(_) = flight.stage else { return };
        let Some(mut outputs) = self.outputs.take() else { return };
        let Stage::Ready(chunks) = std::mem::replace(&mut flight.stage, Stage::Writing) else {
            return;
        };
        let letters = std::mem::take(&mut flight.letters);
        let (id, time_ms) = (flight.plan.batch, flight.plan.time_ms);
        let desk = Desk::of(flight.bytes());
        let lineage = self.checkpoint.ledger().opened.lineage.clone();
        let pipeline = self.context.settings.name.clone();
        let clock = self.context.clock.clone();
        let settle_now = self.is_crowded;
        self.enter(id, BatchStage::Write);
        self.context.window.show(TapStage::Transformed, || sample::of_rows(id, chunks.iter()));
        crash::point("before-write");
        self.work.start(desk, async move {
            let started = Instant::now();
            let chunks = chunks.into_iter().filter(|rows| rows.columns.num_rows() > 0).collect();
            let batch = Batch { id, time_ms, lineage, chunks };
            let postmark = Postmark { pipeline, batch: id, time_ms: clock.now_ms() };
            let outcome = outputs.write(&batch, letters, &postmark, settle_now).await;
            let rows = batch.num_rows() as u64;
            let result = FlightResult { rows, ..FlightResult::default() };
            crash::point("after-write");
            Done::Written(outputs, id, result, started.elapsed(), outcome)
        });
    }

    pub(super) fn start_settle(&mut self, now: bool) {
        let Some(mut outputs) = self.outputs.take() else { return };
        self.work.start(self.desk, async move {
            let settled = outputs.settle(now).await;
            Done::Settled(outputs, settled)
        });
    }

    pub(super) fn start_publish(&mut self, mut outputs: Outputs, receipts: Receipts) {
        if receipts.is_empty() {
            self.outputs = Some(outputs);
            return;
        }
        self.work.start(self.desk, async move {
            let published = outputs.publish(&receipts).await;
            crash::point("after-publish");
            Done::Published(outputs, published)
        });
    }
}

//! One attempt of a pipeline: from its checkpoint until it is told to stop, ends or breaks.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::batch::{Batch, BatchId, Rows};
use crate::checkpoint::{Checkpoint, CheckpointError, Commit, Plan, PositionAt, SourceCommit};
use crate::clock::Clock;
use crate::decode::Decode;
use crate::progress::{Event, LimitedBy, PipelineState};
use crate::split::SplitId;
use crate::transform::{Input as TransformInput, Snapshot, Transform};
use crate::trigger::Trigger;

use super::controller::Controller;
use super::crash;
use super::decoding::{Decoded, decode};
use super::failure::Failure;
use super::flight::{Flight, Result as FlightResult, Stage};
use super::inputs::{Inputs, Reading};
use super::letters::Postmark;
use super::outputs::{Outcome, Outputs, Receipts};
use super::report::Reporter;
use super::settings::Settings;

/// How often a sink that gathers is asked, while nothing is written, whether it is time to settle.
const SETTLE_CHECK: Duration = Duration::from_millis(100);

/// The pause after a read that found nothing although there should have been something.
const EMPTY_PAUSE: Duration = Duration::from_millis(5);

/// What an attempt is lent and gives back.
pub(super) struct Parts {
    pub(super) inputs: Inputs,
    pub(super) transform: Option<Box<dyn Transform>>,
    pub(super) outputs: Outputs,
}

/// What does not change from attempt to attempt.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) settings: Arc<Settings>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) reporter: Arc<Reporter>,
    pub(super) decoders: Arc<BTreeMap<Arc<str>, Arc<dyn Decode>>>,
    /// The wish to stop, from outside.
    pub(super) stop: CancellationToken,
    /// Ends the waits of this attempt.
    pub(super) cancel: CancellationToken,
}

/// How an attempt ended.
pub(super) struct AttemptEnd {
    /// What it was lent, unless a task that holds it could not be ended in time.
    pub(super) parts: Option<Parts>,
    pub(super) outcome: Result<(), Failure>,
    /// Whether it committed something.
    pub(super) made_progress: bool,
}

/// One attempt of a pipeline.
pub(super) struct Attempt {
    context: Context,
    checkpoint: Box<dyn Checkpoint>,
    inputs: Option<Inputs>,
    outputs: Option<Outputs>,
    transform: Option<Box<dyn Transform>>,
    is_stateful: bool,
    has_transform: bool,
    work: JoinSet<Done>,
    flights: VecDeque<Flight>,
    replays: VecDeque<Plan>,
    controller: Option<Controller>,
    /// When the next tick is due, in milliseconds since the Unix epoch.
    tick_ms: u64,
    /// When the batch that is being read was due.
    due_ms: u64,
    not_before: Instant,
    /// What kept the last batch from being larger.
    last_limit: LimitedBy,
    /// No new batch is to be read.
    draining: bool,
    /// The last settling was asked for.
    final_settle: bool,
    last_written: BatchId,
    /// The transform's state after `last_written`.
    last_snapshot: Option<Arc<dyn Snapshot>>,
    /// Ranges that are committed, which the sources do not know yet.
    news: Vec<crate::Range>,
    forgotten: BTreeMap<Arc<str>, Vec<SplitId>>,
    made_progress: bool,
}

/// What a task gives back.
enum Done {
    Read(Inputs, Result<Reading, Failure>),
    Replayed(Inputs, Plan, Result<Reading, Failure>),
    Told(Inputs, Vec<(Arc<str>, Vec<SplitId>)>),
    Decoded(BatchId, Duration, Result<Decoded, Failure>),
    Transformed(Box<dyn Transform>, BatchId, Duration, Result<Vec<Rows>, Failure>),
    Written(Outputs, BatchId, FlightResult, Duration, Result<Outcome, Failure>),
    Settled(Outputs, Result<Option<Receipts>, Failure>),
    Published(Outputs, Result<(), Failure>),
}

impl Attempt {
    pub(super) fn new(context: Context, checkpoint: Box<dyn Checkpoint>, parts: Parts) -> Self {
        let settings = &context.settings;
        let controller =
            settings.backpressure.as_ref().map(|it| Controller::new(it, settings.period()));
        let now_ms = context.clock.now_ms();
        let committed = checkpoint.ledger().committed;
        Self {
            tick_ms: settings.trigger.next_tick_ms(now_ms).unwrap_or(now_ms),
            due_ms: now_ms,
            controller,
            checkpoint,
            inputs: Some(parts.inputs),
            outputs: Some(parts.outputs),
            has_transform: parts.transform.is_some(),
            is_stateful: parts.transform.as_ref().is_some_and(|it| it.snapshot().is_some()),
            transform: parts.transform,
            work: JoinSet::new(),
            flights: VecDeque::new(),
            replays: VecDeque::new(),
            not_before: Instant::now(),
            last_limit: LimitedBy::Available,
            draining: false,
            final_settle: false,
            last_written: committed,
            last_snapshot: None,
            news: Vec::new(),
            forgotten: BTreeMap::new(),
            made_progress: false,
            context,
        }
    }

    /// Works until it is told to stop, its sources end, or something breaks.
    pub(super) async fn run(mut self) -> AttemptEnd {
        let stop = self.context.stop.clone();
        let timeout = self.context.settings.stop_timeout;
        let deadline = async {
            stop.cancelled().await;
            tokio::time::sleep(timeout).await;
        };
        tokio::pin!(deadline);
        let result = tokio::select! {
            result = self.work() => Some(result),
            () = &mut deadline => None,
        };
        self.context.cancel.cancel();
        let is_in_time = result.is_some();
        tokio::select! {
            () = self.collect(), if is_in_time => {}
            () = &mut deadline, if is_in_time => self.work.shutdown().await,
            else => self.work.shutdown().await,
        }
        let result = result.unwrap_or(Err(Failure::Cancelled));
        let parts = match (self.inputs, self.outputs) {
            (Some(inputs), Some(outputs)) if self.has_transform == self.transform.is_some() => {
                Some(Parts { inputs, transform: self.transform, outputs })
            }
            _ => None,
        };
        AttemptEnd { parts, outcome: result, made_progress: self.made_progress }
    }

    /// Waits for the tasks that are under way, and takes back what they were lent.
    async fn collect(&mut self) {
        while let Some(done) = self.work.join_next().await {
            match done {
                Ok(
                    Done::Read(inputs, _) | Done::Replayed(inputs, _, _) | Done::Told(inputs, _),
                ) => {
                    self.inputs = Some(inputs);
                }
                Ok(
                    Done::Written(outputs, ..)
                    | Done::Settled(outputs, _)
                    | Done::Published(outputs, _),
                ) => self.outputs = Some(outputs),
                Ok(Done::Transformed(transform, ..)) => self.transform = Some(transform),
                Ok(Done::Decoded(..)) | Err(_) => {}
            }
        }
    }

    async fn work(&mut self) -> Result<(), Failure> {
        self.recover().await?;
        let stop = self.context.stop.clone();
        loop {
            self.start_what_can_start();
            if self.is_done() {
                return Ok(());
            }
            let settle_check = self.may_check_settling().then(|| Instant::now() + SETTLE_CHECK);
            let may_read = self.may_read();
            let tick = self.tick();
            let is_waiting_for_data = self.waits_for_data();
            let not_before = self.not_before;
            tokio::select! {
                biased;
                () = stop.cancelled(), if !self.draining => self.drain(),
                Some(done) = self.work.join_next() => {
                    let done = done.map_err(|error| {
                        Failure::fatal("engine", format!("a task broke down: {error}"))
                    })?;
                    self.take_back(done).await?;
                }
                () = sleep_until(tick), if may_read && !is_waiting_for_data => self.start_read(),
                () = wait_for_data(self.inputs.as_mut(), not_before), if may_read && is_waiting_for_data => {
                    self.due_ms = self.context.clock.now_ms();
                    self.start_read();
                }
                () = sleep_until(settle_check.unwrap_or_else(Instant::now)), if settle_check.is_some() => {
                    // A split that leaves must not wait until the sinks find it time to settle.
                    let now = self.inputs.as_ref().is_some_and(Inputs::has_leaving);
                    self.start_settle(now);
                }
                else => return Err(Failure::fatal("engine", "nothing is left to wait for")),
            }
        }
    }

    /// Takes up what an earlier run left.
    async fn recover(&mut self) -> Result<(), Failure> {
        self.context.reporter.enter(PipelineState::Starting);
        let ledger = self.checkpoint.ledger();
        self.replays = ledger.pending.clone();
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

    fn drain(&mut self) {
        self.draining = true;
        self.replays.clear();
        self.context.reporter.enter(PipelineState::Draining);
    }

    fn is_done(&self) -> bool {
        self.draining
            && self.flights.is_empty()
            && self.work.is_empty()
            && self.final_settle
            && self.news.is_empty()
    }

    fn has_room(&self) -> bool {
        self.flights.len() < self.context.settings.max_in_flight.max(1)
    }

    fn may_read(&self) -> bool {
        !self.draining && self.inputs.is_some() && self.replays.is_empty() && self.has_room()
    }

    fn may_check_settling(&self) -> bool {
        !self.draining
            && self.flights.is_empty()
            && self.outputs.as_ref().is_some_and(Outputs::is_unsettled)
    }

    /// Whether the next batch begins when there is data, and not at a tick.
    fn waits_for_data(&self) -> bool {
        self.context.settings.trigger == Trigger::OnData && !self.context.settings.available_now
    }

    /// When the next batch begins, where that is a matter of time.
    fn tick(&self) -> Instant {
        let is_limited = matches!(self.last_limit, LimitedBy::Configured | LimitedBy::Controller);
        let has_ticks = matches!(self.context.settings.trigger, Trigger::Interval(_));
        if !has_ticks || (self.context.settings.available_now && !is_limited) {
            return self.not_before;
        }
        let now_ms = self.context.clock.now_ms();
        Instant::now() + Duration::from_millis(self.tick_ms.saturating_sub(now_ms))
    }

    fn start_what_can_start(&mut self) {
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

    fn start_telling(&mut self) {
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
        self.work.spawn(async move {
            let forgotten = inputs.tell(&busy).await;
            crash::point("after-tell");
            Done::Told(inputs, forgotten)
        });
    }

    fn start_replay(&mut self) {
        if self.replays.is_empty() || !self.has_room() {
            return;
        }
        let Some(mut inputs) = self.inputs.take() else { return };
        let Some(plan) = self.replays.pop_front() else {
            self.inputs = Some(inputs);
            return;
        };
        let cancel = self.context.cancel.clone();
        self.work.spawn(async move {
            let reading = inputs.replay(&plan, &cancel).await;
            Done::Replayed(inputs, plan, reading)
        });
    }

    fn start_read(&mut self) {
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
        let deadline = Instant::now() + self.context.settings.period();
        self.work.spawn(async move {
            let reading = inputs.gather(rate, deadline).await;
            Done::Read(inputs, reading)
        });
    }

    fn start_decode(&mut self, batch: BatchId, time_ms: u64, slices: Vec<crate::batch::Slice>) {
        let decoders = self.context.decoders.clone();
        let pipeline = self.context.settings.name.clone();
        self.work.spawn(async move {
            let started = Instant::now();
            let decoded = decode(slices, decoders, Postmark { pipeline, batch, time_ms }).await;
            Done::Decoded(batch, started.elapsed(), decoded)
        });
    }

    fn start_transform(&mut self) {
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
        let Some(mut transform) = self.transform.take() else {
            let rows = decoded.tables.into_iter().flat_map(|(_, rows)| rows).collect();
            flight.stage = Stage::Ready(rows);
            return self.start_transform();
        };
        let (batch, time_ms) = (flight.plan.batch, flight.plan.time_ms);
        let input = TransformInput { batch, time_ms, tables: decoded.tables };
        self.work.spawn(async move {
            let started = Instant::now();
            let rows = transform.apply(input).await;
            let rows = rows.map_err(|error| Failure::fatal("transform", error));
            Done::Transformed(transform, batch, started.elapsed(), rows)
        });
    }

    fn start_write(&mut self) {
        let Some(flight) = self.flights.front_mut() else { return };
        let Stage::Ready(_) = flight.stage else { return };
        let Some(mut outputs) = self.outputs.take() else { return };
        let Stage::Ready(chunks) = std::mem::replace(&mut flight.stage, Stage::Writing) else {
            return;
        };
        let letters = std::mem::take(&mut flight.letters);
        let id = flight.plan.batch;
        let pipeline = self.context.settings.name.clone();
        let clock = self.context.clock.clone();
        crash::point("before-write");
        self.work.spawn(async move {
            let started = Instant::now();
            let chunks = chunks.into_iter().filter(|rows| rows.columns.num_rows() > 0).collect();
            let batch = Batch { id, chunks };
            let postmark = Postmark { pipeline, batch: id, time_ms: clock.now_ms() };
            let outcome = outputs.write(&batch, letters, &postmark).await;
            let rows = batch.num_rows() as u64;
            let result = FlightResult { rows, ..FlightResult::default() };
            crash::point("after-write");
            Done::Written(outputs, id, result, started.elapsed(), outcome)
        });
    }

    fn start_settle(&mut self, now: bool) {
        let Some(mut outputs) = self.outputs.take() else { return };
        self.work.spawn(async move {
            let settled = outputs.settle(now).await;
            Done::Settled(outputs, settled)
        });
    }

    fn start_publish(&mut self, mut outputs: Outputs, receipts: Receipts) {
        if receipts.is_empty() {
            self.outputs = Some(outputs);
            return;
        }
        self.work.spawn(async move {
            let published = outputs.publish(&receipts).await;
            crash::point("after-publish");
            Done::Published(outputs, published)
        });
    }

    async fn take_back(&mut self, done: Done) -> Result<(), Failure> {
        match done {
            Done::Read(inputs, reading) => {
                self.inputs = Some(inputs);
                self.take_reading(reading?).await
            }
            Done::Replayed(inputs, plan, reading) => {
                self.inputs = Some(inputs);
                let mut reading = reading?;
                let slices = std::mem::take(&mut reading.slices);
                self.start_decode(plan.batch, plan.time_ms, slices);
                let due_ms = self.context.clock.now_ms();
                self.flights.push_back(Flight::new(plan, reading, due_ms));
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
                if let Some(flight) = self.flight(batch) {
                    flight.times.prepare += took;
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
                    let committed = self.commit(upto, receipts.clone()).await;
                    self.start_publish(outputs, receipts);
                    committed
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

    fn flight(&mut self, batch: BatchId) -> Option<&mut Flight> {
        self.flights.iter_mut().find(|flight| flight.plan.batch == batch)
    }

    async fn take_reading(&mut self, mut reading: Reading) -> Result<(), Failure> {
        self.last_limit = reading.limited_by;
        let is_only_batch = self.context.settings.trigger == Trigger::Once && reading.complete;
        if is_only_batch || reading.exhausted {
            self.drain();
        }
        let slices = std::mem::take(&mut reading.slices);
        if slices.is_empty() {
            self.not_before = Instant::now() + EMPTY_PAUSE;
            return Ok(());
        }
        crash::point("after-read");
        let plan = Plan {
            batch: self.checkpoint.ledger().next_batch(),
            time_ms: self.context.clock.now_ms(),
            ranges: slices.iter().map(|slice| slice.range.clone()).collect(),
        };
        let needs_plan = self.is_stateful || self.outputs.as_ref().is_some_and(Outputs::need_plan);
        self.plan(plan.clone(), needs_plan).await?;
        crash::point("after-plan");
        self.start_decode(plan.batch, plan.time_ms, slices);
        self.flights.push_back(Flight::new(plan, reading, self.due_ms));
        Ok(())
    }

    async fn take_written(
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
            Some(receipts) => {
                let committed = self.commit(batch, receipts.clone()).await;
                self.start_publish(outputs, receipts);
                committed
            }
            None => {
                self.outputs = Some(outputs);
                Ok(())
            }
        };
        committed?;
        flight.times.commit = started.elapsed();
        result.time_ms = self.context.clock.now_ms();
        result.letters = outcome.letters;
        result.retries = outcome.retries;
        let progress = flight.progress(&self.context.settings.name, result);
        if let Some(controller) = &mut self.controller {
            controller.observe(&flight.observation(&progress));
        }
        self.context.reporter.event(&Event::Progress(Arc::new(progress)));
        Ok(())
    }

    async fn plan(&mut self, plan: Plan, sync: bool) -> Result<(), Failure> {
        let mut failures = 0;
        while let Err(error) = self.checkpoint.plan(plan.clone(), sync).await {
            self.wait_for_checkpoint(error, &mut failures).await?;
        }
        self.context.reporter.recovered("checkpoint");
        Ok(())
    }

    /// Records that all batches up to one are durable.
    async fn commit(&mut self, upto: BatchId, receipts: Receipts) -> Result<(), Failure> {
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
        crash::point("before-commit");
        let mut failures = 0;
        while let Err(error) = self.checkpoint.commit(commit.clone()).await {
            self.wait_for_checkpoint(error, &mut failures).await?;
        }
        crash::point("after-commit");
        self.context.reporter.recovered("checkpoint");
        self.made_progress = true;
        self.forgotten.clear();
        self.news.extend(ranges);
        let pipeline = self.context.settings.name.clone();
        self.context.reporter.event(&Event::Committed { pipeline, upto });
        Ok(())
    }

    fn source_commits(&self, ranges: &[crate::Range]) -> BTreeMap<Arc<str>, SourceCommit> {
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

    async fn wait_for_checkpoint(
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

async fn wait_for_data(inputs: Option<&mut Inputs>, not_before: Instant) {
    sleep_until(not_before).await;
    match inputs {
        Some(inputs) => inputs.ready().await,
        None => std::future::pending().await,
    }
}

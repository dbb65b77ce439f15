//! One attempt of a pipeline: from its checkpoint until it is told to stop, ends or breaks.

mod finishing;
mod recording;
mod starting;
mod work;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::batch::{BatchId, Rows};
use crate::checkpoint::{Checkpoint, Plan};
use crate::clock::Clock;
use crate::decode::Decode;
use crate::progress::{LimitedBy, PipelineState};
use crate::split::SplitId;
use crate::transform::{Snapshot, Transform};
use crate::trigger::Trigger;

use super::controller::Controller;
use super::decoding::Decoded;
use super::failure::Failure;
use super::flight::{Flight, Result as FlightResult};
use super::inputs::Inputs;
use super::outputs::{Outcome, Outputs, Receipts};
use super::reading::Reading;
use super::report::Reporter;
use super::settings::Settings;
use super::tuning::Tuner;
use super::window::Window;
use work::{Desk, Work};

/// How often a sink that gathers is asked, while nothing is written, whether it is time to settle.
const SETTLE_CHECK: Duration = Duration::from_millis(100);

/// How long commits that are no hurry may wait for one another, so that one sync serves all.
const SYNC_EVERY: Duration = Duration::from_millis(100);

/// How often the sources of a pipeline that is paused are asked for their splits, which some need
/// to stay in touch with their system.
const PAUSED_CHECK: Duration = Duration::from_millis(200);

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
    /// Where others look in.
    pub(super) window: Window,
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
    work: Work,
    /// Where work goes that belongs to no batch, and the next read: by the last batch's size.
    desk: Desk,
    flights: VecDeque<Flight>,
    replays: VecDeque<Plan>,
    controller: Option<Controller>,
    tuner: Tuner,
    paused: bool,
    /// When the next tick is due, in milliseconds since the Unix epoch.
    tick_ms: u64,
    /// When the batch that is being read was due.
    due_ms: u64,
    not_before: Instant,
    /// When the sinks are asked next whether it is time to settle, if nothing is written.
    settle_check: Instant,
    /// What kept the last batch from being larger.
    last_limit: LimitedBy,
    /// No new batch is to be read.
    draining: bool,
    /// The last settling was asked for.
    final_settle: bool,
    last_written: BatchId,
    /// The transform's state after `last_written`.
    last_snapshot: Option<Arc<dyn Snapshot>>,
    /// Ranges that are committed, but whose commit is not synced yet.
    unsynced: Vec<crate::Range>,
    unsynced_since: Option<Instant>,
    /// Ranges that are committed for good, which the sources do not know yet.
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
    pub(super) fn new(
        context: Context,
        checkpoint: Box<dyn Checkpoint>,
        tuner: Tuner,
        parts: Parts,
    ) -> Self {
        let settings = &context.settings;
        let controller =
            settings.backpressure.as_ref().map(|it| Controller::new(it, settings.period()));
        let now_ms = context.clock.now_ms();
        let committed = checkpoint.ledger().committed;
        Self {
            tick_ms: settings.trigger.next_tick_ms(now_ms).unwrap_or(now_ms),
            due_ms: now_ms,
            controller,
            paused: false,
            tuner,
            checkpoint,
            inputs: Some(parts.inputs),
            outputs: Some(parts.outputs),
            has_transform: parts.transform.is_some(),
            is_stateful: parts.transform.as_ref().is_some_and(|it| it.snapshot().is_some()),
            transform: parts.transform,
            work: Work::new(),
            desk: Desk::Here,
            flights: VecDeque::new(),
            replays: VecDeque::new(),
            not_before: Instant::now(),
            settle_check: Instant::now() + SETTLE_CHECK,
            last_limit: LimitedBy::Available,
            draining: false,
            final_settle: false,
            last_written: committed,
            last_snapshot: None,
            unsynced: Vec::new(),
            unsynced_since: None,
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
        self.context.window.clear();
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
        while let Some(done) = self.work.next().await {
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
        self.context.window.clear();
        self.recover().await?;
        let stop = self.context.stop.clone();
        loop {
            self.note_pause();
            self.start_what_can_start();
            if self.is_done() {
                return Ok(());
            }
            let settle_check = self.may_check_settling().then_some(self.settle_check);
            let may_read = self.may_read();
            let tick = self.tick();
            let is_waiting_for_data = self.waits_for_data();
            let not_before = self.not_before;
            let sync_at = self.sync_at();
            tokio::select! {
                biased;
                () = stop.cancelled(), if !self.draining => self.drain(),
                Some(done) = self.work.next() => {
                    let done = done.map_err(|error| {
                        Failure::fatal("engine", format!("a task broke down: {error}"))
                    })?;
                    self.take_back(done).await?;
                }
                () = self.tuner.changed() => self.not_before = Instant::now(),
                () = sleep_until(tick), if may_read && !is_waiting_for_data => self.start_read(),
                () = wait_for_data(self.inputs.as_mut(), not_before), if may_read && is_waiting_for_data => {
                    self.due_ms = self.context.clock.now_ms();
                    self.start_read();
                }
                () = sleep_until(sync_at.unwrap_or_else(Instant::now)), if sync_at.is_some() => {
                    self.sync().await?;
                }
                () = sleep_until(settle_check.unwrap_or_else(Instant::now)), if settle_check.is_some() => {
                    // A split that leaves must not wait until the sinks find it time to settle.
                    let now = self.inputs.as_ref().is_some_and(Inputs::has_leaving);
                    self.settle_check = Instant::now() + SETTLE_CHECK;
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

    /// Says so if the pipeline was paused, or goes on.
    fn note_pause(&mut self) {
        let paused = self.tuner.is_paused() && !self.draining;
        if paused != self.paused {
            self.paused = paused;
            self.context.reporter.pause(paused);
        }
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
            && self.unsynced_since.is_none()
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

    /// When what was recorded has to be synced.
    fn sync_at(&self) -> Option<Instant> {
        let is_urgent =
            self.draining || self.inputs.as_ref().is_some_and(|inputs| inputs.has_leaving());
        let wait = if is_urgent { Duration::ZERO } else { SYNC_EVERY };
        self.unsynced_since.map(|since| since + wait)
    }

    /// Whether the next batch begins when there is data, and not at a tick.
    fn waits_for_data(&self) -> bool {
        self.context.settings.trigger == Trigger::OnData
            && !self.context.settings.available_now
            && !self.paused
    }

    /// When the next batch begins, where that is a matter of time.
    fn tick(&self) -> Instant {
        // What bounds a batch is a rate, whose time has to come, or its size: then the rest is there
        // and need not wait.
        let at_once = match self.last_limit {
            LimitedBy::BatchSize | LimitedBy::Memory => true,
            LimitedBy::Available => self.context.settings.available_now,
            LimitedBy::Configured | LimitedBy::Controller => false,
        };
        let has_ticks = matches!(self.context.settings.trigger, Trigger::Interval(_));
        if !has_ticks || at_once {
            return self.not_before;
        }
        let now_ms = self.context.clock.now_ms();
        Instant::now() + Duration::from_millis(self.tick_ms.saturating_sub(now_ms))
    }
}

async fn wait_for_data(inputs: Option<&mut Inputs>, not_before: Instant) {
    sleep_until(not_before).await;
    match inputs {
        Some(inputs) => inputs.ready().await,
        None => std::future::pending().await,
    }
}

//! One attempt of a pipeline: from its checkpoint until it is told to stop, ends or breaks.

mod due;
mod finishing;
mod recording;
mod recovering;
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
    /// Whether some source needs what was read to be committed soon, as far as is known since the
    /// last commit.
    is_crowded: bool,
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
            is_crowded: false,
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
                    // Neither a split that leaves nor a source without room for more can wait
                    // until the sinks find it time to settle.
                    let now = self.inputs.as_ref().is_some_and(Inputs::are_in_a_hurry);
                    self.settle_check = Instant::now() + SETTLE_CHECK;
                    self.start_settle(now);
                }
                else => return Err(Failure::fatal("engine", "nothing is left to wait for")),
            }
        }
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
}

async fn wait_for_data(inputs: Option<&mut Inputs>, not_before: Instant) {
    sleep_until(not_before).await;
    match inputs {
        Some(inputs) => inputs.ready().await,
        None => std::future::pending().await,
    }
}

//! Replays that are asked for while the gateway runs.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use forebay_core::clock::Clock;
use forebay_core::engine::Ended;
use forebay_core::progress::Listener;
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::error::ReplayError;
use super::pipeline::Replay;
use super::selection::Selection;
use crate::config::Config;
use crate::registry::Registry;
use crate::run::board::Board;

/// Replays that are asked for while the gateway runs, at most one per pipeline.
pub struct Replays {
    config: Config,
    registry: Registry,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    tasks: TaskTracker,
    told: Mutex<BTreeMap<Arc<str>, ReplayStatus>>,
}

/// How the last replay of a pipeline goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReplayStatus {
    /// How far it is.
    #[serde(flatten)]
    pub phase: Phase,
    /// When it was asked for, in milliseconds since the Unix epoch.
    pub started_ms: u64,
    /// Letters that were chosen, by class.
    pub chosen: BTreeMap<String, u64>,
    /// Letters that were sent.
    pub sent: u64,
    /// Letters that are dead letters again.
    pub again: u64,
}

/// How far a replay is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// Letters are chosen and sent.
    Running,
    /// All that were chosen are delivered, or dead letters again.
    Done,
    /// It ended before; what was chosen is sent by the next replay.
    Failed {
        /// Why, in a sentence.
        reason: String,
    },
}

/// Why a replay does not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is no pipeline of this name.
    Unknown,
    /// One is under way.
    Busy,
    /// The letters go to a sink that may keep them in any form.
    ElsewhereKept,
}

impl Replays {
    /// Replays of the pipelines of a configuration.
    #[must_use]
    pub fn new(config: Config, registry: Registry, clock: Arc<dyn Clock>) -> Self {
        Self {
            config,
            registry,
            clock,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            told: Mutex::default(),
        }
    }

    /// How the last replay of a pipeline goes; `None` if there was none.
    #[must_use]
    pub fn of(&self, pipeline: &str) -> Option<ReplayStatus> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).get(pipeline).cloned()
    }

    /// Begins a replay of the letters of one class, or of all.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn start(
        self: &Arc<Self>,
        pipeline: &str,
        class: Option<String>,
        limit: Option<u64>,
    ) -> Result<(), Refused> {
        let own = self.config.pipelines.iter().find(|own| *own.name == *pipeline);
        let own = own.ok_or(Refused::Unknown)?.clone();
        if own.dead_letters.is_some() {
            return Err(Refused::ElsewhereKept);
        }
        let name = own.name.clone();
        {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            if told.get(&name).is_some_and(|status| status.phase == Phase::Running) {
                return Err(Refused::Busy);
            }
            let status = ReplayStatus {
                phase: Phase::Running,
                started_ms: self.clock.now_ms(),
                chosen: BTreeMap::new(),
                sent: 0,
                again: 0,
            };
            told.insert(name.clone(), status);
        }
        let replays = Arc::clone(self);
        self.tasks.spawn(async move {
            let ended = match Replay::new(&replays.config, own, None) {
                Ok(replay) => replays.send(Arc::new(replay), &name, class, limit).await,
                Err(error) => Err(error.to_string()),
            };
            replays.end_with(&name, ended);
        });
        Ok(())
    }

    async fn send(
        &self,
        replay: Arc<Replay>,
        name: &Arc<str>,
        class: Option<String>,
        limit: Option<u64>,
    ) -> Result<(), String> {
        let run = format!("{}-{:08x}", self.clock.now_ms(), fastrand::u32(..));
        let choosing = Arc::clone(&replay);
        // Files are read and written, which may take a while.
        let taken = tokio::task::spawn_blocking(move || {
            let lock = choosing.lock()?;
            choosing.left_behind()?;
            let selection: Selection = choosing.choose(class, limit, &run)?;
            Ok::<_, ReplayError>((lock, selection, choosing.left_behind()?))
        });
        let taken = taken.await.map_err(|error| error.to_string())?;
        let (_lock, selection, files) = taken.map_err(|error| error.to_string())?;
        self.tell(name, |status| status.chosen = selection.chosen);
        if files == 0 && !replay.was_begun() {
            return Ok(());
        }
        let board = Arc::new(Board::new([name]));
        let listener: Arc<dyn Listener> = board.clone();
        let ended = replay.run(&self.registry, &self.clock, &listener, self.stop.clone()).await;
        let (sent, again) = board
            .look(|views| views.get(name).map_or((0, 0), |view| (view.records, view.dead_letters)));
        self.tell(name, |status| (status.sent, status.again) = (sent, again));
        match ended {
            Ok(Ok(Ended::Drained)) => Ok(()),
            Ok(Ok(Ended::TimedOut)) => Err("it was stopped before all were sent".to_owned()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn end_with(&self, name: &Arc<str>, ended: Result<(), String>) {
        let phase = match ended {
            Ok(()) => Phase::Done,
            Err(reason) => {
                tracing::warn!(pipeline = %name, reason, "a replay of dead letters failed");
                Phase::Failed { reason }
            }
        };
        self.tell(name, |status| status.phase = phase);
    }

    fn tell(&self, name: &str, change: impl FnOnce(&mut ReplayStatus)) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(status) = told.get_mut(name) {
            change(status);
        }
    }

    /// Stops all of them, and returns when they have ended.
    pub async fn end(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl fmt::Debug for Replays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replays").field("told", &self.told).finish_non_exhaustive()
    }
}

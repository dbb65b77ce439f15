//! A pipeline, and the supervisor that keeps it going.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use thiserror::Error;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::budget::Budget;
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::clock::Clock;
use crate::decode::Decode;
use crate::progress::{Listener, PipelineState};
use crate::transform::Transform;

use super::attempt::{Attempt, AttemptEnd, Context, Parts};
use super::failure::Failure;
use super::input::InputParts;
use super::inputs::Inputs;
use super::output::{OutputParts, Surroundings};
use super::outputs::Outputs;
use super::report::Reporter;
use super::settings::Settings;
use super::tuning::{Tuner, Tuning};
use super::window::Window;

/// Opens the checkpoint of a pipeline; called once for each attempt.
#[async_trait]
pub trait OpenCheckpoint: Send + Sync {
    /// Opens it under a new epoch.
    ///
    /// # Errors
    /// See [`CheckpointError`].
    async fn open(&self) -> Result<Box<dyn Checkpoint>, CheckpointError>;
}

/// Sources, an optional transform, sinks, one trigger, one controller.
pub struct Pipeline {
    /// How it runs.
    pub settings: Settings,
    /// Its sources.
    pub inputs: Vec<InputParts>,
    /// What stands between them and the sinks.
    pub transform: Option<Box<dyn Transform>>,
    /// Its sinks.
    pub outputs: Vec<OutputParts>,
    /// The sink of its dead letters, which get the columns of
    /// [`dead_letter::schema`](crate::dead_letter::schema).
    pub dead_letters: OutputParts,
    /// Where it keeps what it must not forget.
    pub checkpoint: Box<dyn OpenCheckpoint>,
    /// What may change while it runs; `None` = nothing.
    pub tuning: Option<watch::Receiver<Tuning>>,
    /// Where it can be looked into while it runs.
    pub window: Window,
    /// The byte budget, shared with the other pipelines of the process.
    pub budget: Budget,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Hears of what happens.
    pub listener: Arc<dyn Listener>,
}

/// How a pipeline ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was told to stop, or its sources ended; all that was read is written and committed.
    Drained,
    /// It was told to stop, and what was read could not be written in time. The checkpoint has
    /// it planned or knows nothing of it: the next run reads it again.
    TimedOut,
}

/// Why a pipeline failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{component}: {reason}")]
pub struct PipelineError {
    /// Which component.
    pub component: String,
    /// Why, and what to do.
    pub reason: String,
}

impl Pipeline {
    /// Runs until `stop` is cancelled or the sources end. What can be mended by trying again is
    /// tried again, for ever.
    ///
    /// # Errors
    /// What a person has to change first.
    pub async fn run(self, stop: CancellationToken) -> Result<Ended, PipelineError> {
        let settings = Arc::new(self.settings);
        let reporter = Reporter::new(settings.name.clone(), self.listener);
        let decoders: BTreeMap<Arc<str>, Arc<dyn Decode>> =
            self.inputs.iter().map(|input| (input.name.clone(), input.source.decoder())).collect();
        let tuner = Tuner::new(self.tuning);
        let mut context = Context {
            settings: settings.clone(),
            clock: self.clock.clone(),
            reporter: reporter.clone(),
            decoders: Arc::new(decoders),
            stop: stop.clone(),
            cancel: CancellationToken::new(),
            window: self.window.clone(),
        };
        let around = Surroundings { reporter: reporter.clone(), cancel: context.cancel.clone() };
        let mut parts = Parts {
            inputs: Inputs::new(
                self.inputs,
                tuner.reader(),
                settings.clone(),
                self.clock,
                self.budget,
                reporter.clone(),
            ),
            transform: self.transform,
            outputs: Outputs::new(self.outputs, self.dead_letters, around, self.window),
        };
        let mut failures = 0;
        loop {
            context.cancel = CancellationToken::new();
            parts.outputs.surround(Surroundings {
                reporter: reporter.clone(),
                cancel: context.cancel.clone(),
            });
            let end = match self.checkpoint.open().await {
                Ok(checkpoint) => {
                    Attempt::new(context.clone(), checkpoint, tuner.reader(), parts).run().await
                }
                Err(error) => AttemptEnd {
                    parts: Some(parts),
                    outcome: Err(Failure::of_checkpoint(&error)),
                    made_progress: false,
                },
            };
            let (component, reason) = match (end.outcome, end.parts) {
                (Ok(()), back) => {
                    close(back).await;
                    reporter.enter(PipelineState::Stopped);
                    return Ok(Ended::Drained);
                }
                (Err(Failure::Cancelled), _) => {
                    reporter.enter(PipelineState::Stopped);
                    return Ok(Ended::TimedOut);
                }
                (Err(Failure::Reset { component, reason }), Some(back)) => {
                    parts = back;
                    (component, reason)
                }
                (
                    Err(
                        Failure::Reset { component, reason } | Failure::Fatal { component, reason },
                    ),
                    back,
                ) => {
                    close(back).await;
                    reporter
                        .enter(PipelineState::Failed { reason: format!("{component}: {reason}") });
                    return Err(PipelineError { component, reason });
                }
            };
            if end.made_progress {
                failures = 0;
            }
            failures += 1;
            tracing::warn!(
                pipeline = %settings.name,
                component,
                reason,
                "starting again from the checkpoint"
            );
            reporter.waiting(&component, &reason);
            let pause = settings.backoff.pause(failures, fastrand::f64());
            tokio::select! {
                () = stop.cancelled() => {
                    close(Some(parts)).await;
                    reporter.enter(PipelineState::Stopped);
                    return Ok(Ended::TimedOut);
                }
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}

async fn close(parts: Option<Parts>) {
    if let Some(mut parts) = parts {
        parts.inputs.close().await;
        parts.outputs.close().await;
    }
}

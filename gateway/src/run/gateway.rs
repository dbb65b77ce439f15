//! All pipelines of a configuration, running.

use std::collections::BTreeMap;
use std::sync::Arc;

use forebay_core::budget::Budget;
use forebay_core::clock::Clock;
use forebay_core::engine::{Ended, PipelineError, Window};
use forebay_core::progress::Listener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::assembly::{AssemblyError, Shared, assemble};
use super::observed::Observed;
use super::place::Place;
use super::tunings::Tunings;
use crate::config::Config;
use crate::registry::Registry;

/// Until when pipelines run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunMode {
    /// Until they are told to stop, or their sources end.
    UntilStopped,
    /// Until everything is done that was there at the start.
    AvailableNow,
}

/// Pipelines that are put together and not started yet.
pub struct Gateway {
    pipelines: Vec<forebay_core::engine::Pipeline>,
    observed: Vec<Observed>,
    tunings: Tunings,
    windows: BTreeMap<Arc<str>, Window>,
    budget: Budget,
}

/// How the pipelines ended, by name.
pub type Summary = Vec<(Arc<str>, Result<Ended, PipelineError>)>;

impl Gateway {
    /// Puts all pipelines together.
    ///
    /// # Errors
    /// See [`AssemblyError`].
    pub fn assemble(
        config: &Config,
        registry: &Registry,
        mode: RunMode,
        clock: &Arc<dyn Clock>,
        listener: &Arc<dyn Listener>,
    ) -> Result<Self, AssemblyError> {
        let shared = Shared {
            budget: Budget::new(config.gateway.memory.0),
            clock: clock.clone(),
            listener: listener.clone(),
            available_now: mode == RunMode::AvailableNow,
        };
        let (mut pipelines, mut observed, mut tunings) = (Vec::new(), Vec::new(), Vec::new());
        let mut windows = BTreeMap::new();
        for pipeline in &config.pipelines {
            let place = Place::new(&config.checkpoints, &pipeline.name);
            let assembled = assemble(pipeline, &place, registry, &shared)?;
            tunings.push((pipeline.name.clone(), assembled.tuning));
            windows.insert(pipeline.name.clone(), assembled.window);
            pipelines.push(assembled.pipeline);
            observed.extend(assembled.observed);
        }
        let (tunings, budget) = (Tunings::new(tunings), shared.budget);
        Ok(Self { pipelines, observed, tunings, windows, budget })
    }

    /// The components of all pipelines, as they can be looked at while they run.
    #[must_use]
    pub fn observed(&self) -> &[Observed] {
        &self.observed
    }

    /// What may change while they run.
    #[must_use]
    pub fn tunings(&self) -> &Tunings {
        &self.tunings
    }

    /// Where each pipeline can be looked into while it runs, by name.
    #[must_use]
    pub fn windows(&self) -> &BTreeMap<Arc<str>, Window> {
        &self.windows
    }

    /// The byte budget that all pipelines share.
    #[must_use]
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Runs all pipelines until each has ended. One that fails does not stop the others.
    pub async fn run(self, stop: CancellationToken) -> Summary {
        let mut running = JoinSet::new();
        for pipeline in self.pipelines {
            let (name, stop) = (pipeline.settings.name.clone(), stop.clone());
            running.spawn(async move { (name, pipeline.run(stop).await) });
        }
        let mut summary = Vec::new();
        while let Some(ended) = running.join_next().await {
            match ended {
                Ok(ended) => summary.push(ended),
                Err(error) => {
                    let reason = format!("a pipeline broke down: {error}");
                    let error = PipelineError { component: "engine".to_owned(), reason };
                    summary.push(("?".into(), Err(error)));
                }
            }
        }
        summary.sort_by(|left, right| left.0.cmp(&right.0));
        summary
    }
}

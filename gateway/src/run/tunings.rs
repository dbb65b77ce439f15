//! What may change while the pipelines run: pause, and limits.

use std::collections::BTreeMap;
use std::sync::Arc;

use forebay_core::engine::Tuning;
use tokio::sync::watch;

use crate::config::{Config, PipelineConfig};

/// A handle on all pipelines of a process: what is changed through it takes effect with their
/// next batch. Clones are the same handle.
#[derive(Clone, Debug, Default)]
pub struct Tunings {
    pipelines: Arc<BTreeMap<Arc<str>, watch::Sender<Tuning>>>,
}

impl Tunings {
    pub(super) fn new(
        pipelines: impl IntoIterator<Item = (Arc<str>, watch::Sender<Tuning>)>,
    ) -> Self {
        Self { pipelines: Arc::new(pipelines.into_iter().collect()) }
    }

    /// What is in force for a pipeline; `None` if there is none of this name.
    #[must_use]
    pub fn of(&self, pipeline: &str) -> Option<Tuning> {
        self.pipelines.get(pipeline).map(|tuning| tuning.borrow().clone())
    }

    /// Changes what is in force for a pipeline; says whether there is one of this name and
    /// something changed.
    pub fn change(&self, pipeline: &str, change: impl FnOnce(&mut Tuning)) -> bool {
        let Some(tuning) = self.pipelines.get(pipeline) else { return false };
        tuning.send_if_modified(|tuning| {
            let before = tuning.clone();
            change(tuning);
            *tuning != before
        })
    }

    /// Takes over the limits of a configuration that was read again; what it says beyond limits
    /// waits for the next start. Returns the pipelines whose limits changed.
    pub fn adopt(&self, config: &Config) -> Vec<Arc<str>> {
        let changed = config.pipelines.iter().filter(|pipeline| {
            self.change(&pipeline.name, |tuning| {
                tuning.max_rate = pipeline.settings.max_rate;
                tuning.limits.extend(limits(pipeline));
            })
        });
        changed.map(|pipeline| pipeline.name.clone()).collect()
    }
}

fn limits(
    pipeline: &PipelineConfig,
) -> impl Iterator<Item = (Arc<str>, forebay_core::flow::Limits)> {
    pipeline.sources.iter().map(|source| (source.name.clone(), source.keys.limits))
}

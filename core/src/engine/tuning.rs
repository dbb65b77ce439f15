//! What may change while a pipeline runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;

use crate::flow::Limits;

use super::input::InputParts;
use super::settings::Settings;

/// What may change while a pipeline runs: it takes effect with the next batch, and loses nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tuning {
    /// Whether nothing is read for now. What was read before is written and committed, and
    /// receivers take into their journals what they are sent.
    pub paused: bool,
    /// Records per second over all sources; `None` = no limit.
    pub max_rate: Option<f64>,
    /// The limits of each source, by its name; one that is not named keeps those that it has.
    pub limits: BTreeMap<Arc<str>, Limits>,
}

impl Tuning {
    /// What a pipeline begins with.
    #[must_use]
    pub fn of(settings: &Settings, inputs: &[InputParts]) -> Self {
        Self {
            paused: false,
            max_rate: settings.max_rate,
            limits: inputs.iter().map(|input| (input.name.clone(), input.limits)).collect(),
        }
    }
}

/// The pipeline's end of a [`Tuning`].
#[derive(Debug)]
pub(super) struct Tuner {
    wanted: Option<watch::Receiver<Tuning>>,
    /// Whether anybody is left who could wish for something else.
    is_open: bool,
}

impl Tuner {
    pub(super) fn new(wanted: Option<watch::Receiver<Tuning>>) -> Self {
        Self { is_open: wanted.is_some(), wanted }
    }

    /// Another reader of the same wishes.
    pub(super) fn reader(&self) -> Self {
        Self::new(self.wanted.clone())
    }

    pub(super) fn is_paused(&self) -> bool {
        self.wanted.as_ref().is_some_and(|wanted| wanted.borrow().paused)
    }

    /// What is wished for now, if it changed since this was last asked.
    pub(super) fn news(&mut self) -> Option<Tuning> {
        let wanted = self.wanted.as_mut()?;
        let is_new = wanted.has_changed().unwrap_or(false);
        is_new.then(|| wanted.borrow_and_update().clone())
    }

    /// Returns when something changed.
    pub(super) async fn changed(&mut self) {
        match &mut self.wanted {
            Some(wanted) if self.is_open => self.is_open = wanted.changed().await.is_ok(),
            _ => std::future::pending().await,
        }
    }
}

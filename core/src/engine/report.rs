//! Tells listeners in which state the pipeline is.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::progress::{Event, Listener, PipelineState};

/// Tells listeners in which state the pipeline is; each change once.
pub(super) struct Reporter {
    pipeline: Arc<str>,
    listener: Arc<dyn Listener>,
    state: Mutex<Option<PipelineState>>,
    paused: AtomicBool,
}

impl Reporter {
    pub(super) fn new(pipeline: Arc<str>, listener: Arc<dyn Listener>) -> Arc<Self> {
        Arc::new(Self { pipeline, listener, state: Mutex::new(None), paused: false.into() })
    }

    pub(super) fn event(&self, event: &Event) {
        self.listener.on_event(event);
    }

    pub(super) fn enter(&self, state: PipelineState) {
        let mut current = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref() == Some(&state) {
            return;
        }
        *current = Some(state.clone());
        drop(current);
        self.event(&Event::State { pipeline: self.pipeline.clone(), state });
    }

    /// The pipeline was paused, or goes on.
    pub(super) fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::Relaxed);
        let current = self.state.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if matches!(current, Some(PipelineState::Running | PipelineState::Paused)) {
            self.enter(self.flowing());
        }
    }

    /// The state when nothing stands in the way.
    fn flowing(&self) -> PipelineState {
        match self.paused.load(Ordering::Relaxed) {
            true => PipelineState::Paused,
            false => PipelineState::Running,
        }
    }

    /// A component cannot go on for now.
    pub(super) fn waiting(&self, component: &str, reason: &str) {
        self.enter(PipelineState::Waiting {
            component: component.to_owned(),
            reason: reason.to_owned(),
        });
    }

    /// A component goes on. The state changes if this is what the pipeline waited for.
    pub(super) fn recovered(&self, component: &str) {
        let waited = {
            let current = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            matches!(&*current, Some(PipelineState::Waiting { component: c, .. }) if c == component)
        };
        if waited {
            self.enter(self.flowing());
        }
    }
}

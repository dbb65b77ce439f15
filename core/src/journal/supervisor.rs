//! Runs a receiver, and runs it again when it ends.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::clock::Clock;
use crate::component::Observe;
use crate::receiver::{Receiver, ReceiverError};

use super::intake::Intake;

/// Runs a receiver until it is told to stop, with pauses between one run and the next.
pub(crate) struct Supervisor {
    pub(crate) source: Arc<str>,
    pub(crate) receiver: Box<dyn Receiver>,
    pub(crate) intake: Intake,
    pub(crate) stop: CancellationToken,
    pub(crate) observed: Arc<Observed>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Told why running the receiver again is pointless.
    pub(crate) fatal: watch::Sender<Option<String>>,
}

impl Supervisor {
    pub(crate) async fn run(mut self) {
        let backoff = Backoff::default();
        let mut failures = 0;
        while !self.stop.is_cancelled() {
            let started = self.clock.elapsed();
            let ended = self.receiver.run(self.intake.clone(), self.stop.clone()).await;
            if self.stop.is_cancelled() {
                break;
            }
            let why = match ended {
                Ok(()) => "it returned although it was not told to".to_owned(),
                Err(ReceiverError::Transient(why)) => why,
                Err(ReceiverError::Fatal(why)) => {
                    self.fatal.send_replace(Some(why));
                    return;
                }
            };
            let lasted = self.clock.elapsed().saturating_sub(started);
            failures = if lasted > backoff.max { 1 } else { failures + 1 };
            let pause = backoff.pause(failures, fastrand::f64());
            tracing::warn!(source = %self.source, %why, ?pause, "the receiver ended and is run again");
            self.observed.ended(why);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }
}

/// What there is to see of a receiver and its journal.
#[derive(Default)]
pub(crate) struct Observed {
    receiver: Option<Arc<dyn Observe>>,
    pub(crate) journal: OnceLock<Arc<dyn Observe>>,
    restarts: AtomicU64,
    last_end: Mutex<Option<String>>,
}

impl Observed {
    pub(crate) fn new(receiver: Option<Arc<dyn Observe>>) -> Self {
        Self { receiver, ..Self::default() }
    }

    fn ended(&self, why: String) {
        self.restarts.fetch_add(1, Ordering::Relaxed);
        *self.last_end.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
    }
}

impl Observe for Observed {
    fn observe(&self) -> Value {
        json!({
            "restarts": self.restarts.load(Ordering::Relaxed),
            "last_end": *self.last_end.lock().unwrap_or_else(PoisonError::into_inner),
            "receiver": self.receiver.as_ref().map(|receiver| receiver.observe()),
            "journal": self.journal.get().map(|journal| journal.observe()),
        })
    }
}

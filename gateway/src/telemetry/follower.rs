//! Hears of batches.

use forebay_core::progress::Event;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio_util::sync::CancellationToken;

use super::measures::Times;
use super::traces::{NoRoom, Traces};

/// Hears of batches beside the engine, which waits for nobody who listens.
pub(super) struct Follower {
    pub(super) events: Receiver<Event>,
    pub(super) traces: Option<Traces>,
    pub(super) times: Option<Times>,
}

impl Follower {
    /// Takes up what happens until it is told to stop, and what happened until then.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        loop {
            let event = tokio::select! {
                event = self.events.recv() => event,
                () = stop.cancelled() => break,
            };
            match event {
                Ok(event) => self.take(&event),
                Err(RecvError::Lagged(missed)) => tell_missed(missed),
                Err(RecvError::Closed) => return,
            }
        }
        loop {
            match self.events.try_recv() {
                Ok(event) => self.take(&event),
                Err(TryRecvError::Lagged(missed)) => tell_missed(missed),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    fn take(&self, event: &Event) {
        let Event::Progress(batch) = event else { return };
        if let Some(times) = &self.times {
            times.add(batch);
        }
        if let Some(Err(NoRoom)) = self.traces.as_ref().map(|traces| traces.add(batch)) {
            tracing::warn!(
                pipeline = %batch.pipeline,
                "a batch has no trace: too many spans wait for the collector; a lower \
                 `sample_ratio` makes fewer"
            );
        }
    }
}

fn tell_missed(missed: u64) {
    tracing::warn!(missed, "events came too quickly for telemetry; batches among them are missing");
}

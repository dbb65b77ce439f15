//! One run of a receiver.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::super::violation::require;
use super::Violation;
use crate::component::Observe;
use crate::journal::Intake;
use crate::receiver::{Receiver, ReceiverError};

/// How long anything may take that has nothing to wait for.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Between attempts of the client while the receiver may not be up yet.
const POLL: Duration = Duration::from_millis(5);

/// The most that may be seen of a component from outside, as JSON.
const OBSERVED_BYTES: usize = 1 << 20;

/// A receiver that runs.
pub(super) struct Run {
    observed: Option<Arc<dyn Observe>>,
    pub(super) stop: CancellationToken,
    task: JoinHandle<(Box<dyn Receiver>, Result<(), ReceiverError>)>,
}

impl Run {
    pub(super) fn start(mut receiver: Box<dyn Receiver>, intake: Intake) -> Self {
        let stop = CancellationToken::new();
        let observed = receiver.observe();
        let token = stop.clone();
        let task = tokio::spawn(async move {
            let ended = receiver.run(intake, token).await;
            (receiver, ended)
        });
        Self { observed, stop, task }
    }

    /// What is seen of it.
    pub(super) fn observe(&self) -> Result<Value, Violation> {
        let Some(observed) = &self.observed else { return Ok(Value::Null) };
        let seen = observed.observe();
        require(seen.is_object(), || format!("what is observed is no object: {seen}"))?;
        let size = seen.to_string().len();
        require(size <= OBSERVED_BYTES, || format!("what is observed has {size} bytes"))?;
        Ok(seen)
    }

    /// Lets the client send, again and again until it is acknowledged: it may come too early, or
    /// be told to come later.
    pub(super) async fn send<F>(
        &self,
        client: &impl Fn(Value, Vec<Vec<u8>>) -> F,
        records: &[Vec<u8>],
    ) -> Result<(), Violation>
    where
        F: Future<Output = Result<(), String>>,
    {
        let started = Instant::now();
        loop {
            let sent = timeout(PATIENCE, client(self.observe()?, records.to_vec())).await;
            let refused = match sent {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(refused)) => refused,
                Err(_) => "the client got no answer".to_owned(),
            };
            require(started.elapsed() < PATIENCE && !self.task.is_finished(), || {
                format!("a record is not taken within {PATIENCE:?}: {refused}")
            })?;
            sleep(POLL).await;
        }
    }

    /// Stops it, and gives it back when it has ended.
    pub(super) async fn end(mut self) -> Result<Box<dyn Receiver>, Violation> {
        self.stop.cancel();
        let Ok(ended) = timeout(PATIENCE, &mut self.task).await else {
            return Err(Violation(format!("it is told to stop and still runs after {PATIENCE:?}")));
        };
        match ended {
            Ok((receiver, Ok(()))) => Ok(receiver),
            Ok((_, Err(error))) => {
                Err(Violation(format!("it is told to stop and fails instead: {error}")))
            }
            Err(error) => Err(Violation(format!("its run was broken off: {error}"))),
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.task.abort();
    }
}

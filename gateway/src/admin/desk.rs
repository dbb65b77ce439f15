//! What all answers share.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::facts::Facts;
use super::refusal::Refusal;

/// How many clients may follow events at once.
pub(super) const MAX_FOLLOWERS: usize = 64;

/// How many answers that read files or large states are made at once; others wait.
const MAX_BLOCKING: usize = 2;

/// What all answers share.
#[derive(Clone, Debug)]
pub(super) struct Desk {
    pub(super) facts: Arc<Facts>,
    /// One permit for each client that may still follow events.
    pub(super) followers: Arc<Semaphore>,
    blocking: Arc<Semaphore>,
    pub(super) stop: CancellationToken,
}

impl Desk {
    pub(super) fn new(facts: Facts, stop: CancellationToken) -> Self {
        Self {
            facts: Arc::new(facts),
            followers: Arc::new(Semaphore::new(MAX_FOLLOWERS)),
            blocking: Arc::new(Semaphore::new(MAX_BLOCKING)),
            stop,
        }
    }

    /// Makes an answer where it holds up nobody, few at once. One that nobody waits for any more
    /// is finished nevertheless, and counts until then.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        make: impl FnOnce(&Facts) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let stopping = |_| Refusal::unavailable("the gateway is stopping");
        let permit = self.blocking.clone().acquire_owned().await.map_err(stopping)?;
        let facts = Arc::clone(&self.facts);
        let made = spawn_blocking(move || {
            let made = make(&facts);
            drop(permit);
            made
        });
        made.await.map_err(|error| {
            tracing::error!(%error, "an answer of the admin address broke down");
            Refusal::broken()
        })
    }
}

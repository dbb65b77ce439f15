//! Storing, however long the journal cannot be written.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::dead_letter::Reason;
use crate::receiver::Chunk;

use super::{Intake, Refused};

/// Between attempts to store.
const RETRIES: Backoff =
    Backoff { initial: Duration::from_millis(100), max: Duration::from_secs(5), jitter: 0.0 };

impl Intake {
    /// Stores a chunk, or with a reason [reports](Self::reject) a record that was refused, and tries
    /// again while the journal cannot be written, until `stop` is cancelled: for receivers whose
    /// sender cannot be told to come again. `on_failure` hears of each attempt that failed.
    ///
    /// # Errors
    /// See [`Refused`]; [`Refused::Failed`] only once it is stopped.
    pub async fn persist(
        &self,
        chunk: Chunk,
        reason: Option<Reason>,
        stop: &CancellationToken,
        on_failure: impl Fn(&Refused),
    ) -> Result<(), Refused> {
        let mut failures = 0;
        loop {
            let stored = match &reason {
                None => self.store(chunk.clone()).await,
                Some(reason) => self.reject(chunk.clone(), reason.clone()).await,
            };
            let Err(refused @ Refused::Failed(_)) = stored else { return stored };
            on_failure(&refused);
            failures += 1;
            if failures == 1 {
                tracing::warn!("cannot store, trying again: {refused}");
            }
            tokio::select! {
                () = stop.cancelled() => return Err(refused),
                () = tokio::time::sleep(RETRIES.pause(failures, 0.0)) => {}
            }
        }
    }
}

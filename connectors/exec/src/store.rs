//! Keeps records, and acknowledges them.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use arrow::array::{Array, BinaryArray};
use forebay_core::backoff::Backoff;
use forebay_core::journal::{Intake, Refused};
use forebay_core::receiver::Chunk;
use forebay_formats::ipc::Taken;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::output::Ending;
use crate::state::State;

/// The longest wait for the program to read its acknowledgement.
const ACKNOWLEDGE_TIMEOUT: Duration = Duration::from_secs(30);

/// Between attempts to store when the journal cannot be written.
const RETRIES: Backoff =
    Backoff { initial: Duration::from_millis(100), max: Duration::from_secs(5), jitter: 0.0 };

/// Keeps the records of one run of a program, in their order, and acknowledges them.
pub(crate) struct Store<W> {
    pub(crate) intake: Intake,
    /// Where acknowledgements are written, if they are.
    pub(crate) answers: Option<W>,
    pub(crate) state: Arc<State>,
    /// Who the records are from.
    pub(crate) peer: Arc<str>,
    /// Stops attempts to store.
    pub(crate) stop: CancellationToken,
    /// How many records were stored or refused.
    pub(crate) taken: u64,
}

impl<W: AsyncWrite + Unpin> Store<W> {
    /// Stores what is whole and reports what is refused, then acknowledges both.
    pub(crate) async fn keep(&mut self, taken: Taken) -> Result<(), Ending> {
        let Taken { values, refused } = taken;
        self.store(values.clone()).await?;
        for (bytes, reason) in &refused {
            self.state.set_error(&reason.text);
            let kept = BinaryArray::from_iter_values([bytes]);
            let reject = || self.intake.reject(self.chunk(kept.clone()), reason.clone());
            self.persist(reject).await?;
            self.state.rejected.fetch_add(1, Relaxed);
        }
        self.taken += (values.len() + refused.len()) as u64;
        self.state.taken.store(self.taken, Relaxed);
        let Some(answers) = &mut self.answers else { return Ok(()) };
        let line = format!("ack {}\n", self.taken);
        let writing = async {
            answers.write_all(line.as_bytes()).await?;
            answers.flush().await
        };
        timeout(ACKNOWLEDGE_TIMEOUT, writing)
            .await
            .unwrap_or_else(|_| {
                let text = "it does not read its acknowledgements";
                Err(io::Error::new(io::ErrorKind::TimedOut, text))
            })
            .or_else(|error| match error.kind() {
                // It closed its standard input, or has ended: that is for its output to say.
                io::ErrorKind::BrokenPipe => Ok(()),
                _ => Err(Ending::Broken(error)),
            })
    }

    /// Stores records; in several pieces, if they are more than the intake takes in one.
    async fn store(&self, values: BinaryArray) -> Result<(), Ending> {
        let mut pieces = vec![values];
        while let Some(values) = pieces.pop() {
            let stored = self.persist(|| self.intake.store(self.chunk(values.clone()))).await;
            match stored {
                Err(Ending::Refused(Refused::TooLarge { .. })) if values.len() > 1 => {
                    let half = values.len() / 2;
                    pieces.push(values.slice(half, values.len() - half));
                    pieces.push(values.slice(0, half));
                }
                Err(ending) => return Err(ending),
                Ok(()) => {
                    let bytes: usize = values.iter().flatten().map(<[u8]>::len).sum();
                    self.state.records.fetch_add(values.len() as u64, Relaxed);
                    self.state.bytes.fetch_add(bytes as u64, Relaxed);
                }
            }
        }
        Ok(())
    }

    fn chunk(&self, values: BinaryArray) -> Chunk {
        Chunk { values, peer: Arc::clone(&self.peer), attributes: Vec::new() }
    }

    /// Tries until the journal can be written, or the run is stopped.
    async fn persist<F>(&self, mut attempt: impl FnMut() -> F) -> Result<(), Ending>
    where
        F: Future<Output = Result<(), Refused>>,
    {
        let mut failures = 0;
        loop {
            let refused = match attempt().await {
                Ok(()) => return Ok(()),
                Err(refused @ (Refused::Failed(_) | Refused::Busy(_))) => refused,
                Err(refused) => return Err(Ending::Refused(refused)),
            };
            self.state.set_error(&refused);
            failures += 1;
            if failures == 1 {
                tracing::warn!("cannot store, trying again: {refused}");
            }
            tokio::select! {
                () = self.stop.cancelled() => return Err(Ending::Refused(refused)),
                () = tokio::time::sleep(RETRIES.pause(failures, 0.0)) => {}
            }
        }
    }
}

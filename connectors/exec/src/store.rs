//! Keeps records, and acknowledges them.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use arrow::array::{Array, BinaryArray};
use forebay_core::dead_letter::Reason;
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
            self.persist(kept, Some(reason.clone())).await.map_err(Ending::Refused)?;
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
            match self.persist(values.clone(), None).await {
                Err(Refused::TooLarge { .. }) if values.len() > 1 => {
                    let half = values.len() / 2;
                    pieces.push(values.slice(half, values.len() - half));
                    pieces.push(values.slice(0, half));
                }
                Err(refused) => return Err(Ending::Refused(refused)),
                Ok(()) => {
                    let bytes: usize = values.iter().flatten().map(<[u8]>::len).sum();
                    self.state.records.fetch_add(values.len() as u64, Relaxed);
                    self.state.bytes.fetch_add(bytes as u64, Relaxed);
                }
            }
        }
        Ok(())
    }

    /// Tries until the journal can be written, or the run is stopped.
    async fn persist(&self, values: BinaryArray, reason: Option<Reason>) -> Result<(), Refused> {
        let chunk = Chunk { values, peer: Arc::clone(&self.peer), attributes: Vec::new() };
        let note = |refused: &Refused| self.state.set_error(refused);
        self.intake.persist(chunk, reason, &self.stop, note).await
    }
}

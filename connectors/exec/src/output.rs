//! What the program writes, divided and stored.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use arrow::array::{Array, BinaryArray};
use forebay_core::backoff::Backoff;
use forebay_core::journal::{Intake, Refused};
use forebay_core::receiver::Chunk;
use forebay_formats::ipc::Taken;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::division::Division;
use crate::state::State;

/// How much is read at a time.
const READ_BYTES: usize = 64 << 10;

/// The longest wait for the program to read its acknowledgement.
const ACKNOWLEDGE_TIMEOUT: Duration = Duration::from_secs(30);

/// Between attempts to store when the journal cannot be written.
const RETRIES: Backoff =
    Backoff { initial: Duration::from_millis(100), max: Duration::from_secs(5), jitter: 0.0 };

/// Takes what a program writes.
pub(crate) struct Output<R, W> {
    pub(crate) stream: R,
    /// Where acknowledgements are written, if they are.
    pub(crate) answers: Option<W>,
    pub(crate) division: Division,
    pub(crate) intake: Intake,
    pub(crate) state: Arc<State>,
    /// Who the records are from.
    pub(crate) peer: Arc<str>,
    /// Stops attempts to store.
    pub(crate) stop: CancellationToken,
    /// How many records were stored or refused.
    pub(crate) taken: u64,
}

/// What a record is that was begun and not ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rest {
    /// A record, as the program ended well.
    Whole,
    /// A dead letter: the program broke off.
    Broken,
    /// Nobody's: the program was told to end, and writes it again.
    Left,
}

/// Why no more is taken.
#[derive(Debug)]
pub(crate) enum Ending {
    /// The program closed its standard output.
    Closed,
    /// It cannot be read from, or does not read what it is told.
    Broken(io::Error),
    /// What follows may be anything, and why.
    Unreadable(String),
    /// The journal takes nothing any more.
    Refused(Refused),
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Output<R, W> {
    /// Takes what comes until the stream ends. It must not be dropped in between, or it is not
    /// known what was taken.
    pub(crate) async fn run(&mut self) -> Ending {
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let read = if self.division.is_due() {
                None
            } else if self.division.is_empty() {
                Some(self.stream.read(&mut buffer).await)
            } else {
                // What is there already, without waiting.
                tokio::select! {
                    biased;
                    read = self.stream.read(&mut buffer) => Some(read),
                    () = std::future::ready(()) => None,
                }
            };
            match read {
                Some(Ok(0)) => return Ending::Closed,
                Some(Ok(count)) => {
                    if let Err(why) = self.division.push(&buffer[..count]) {
                        return match self.flush_all().await {
                            Ok(()) => Ending::Unreadable(why),
                            Err(ending) => ending,
                        };
                    }
                }
                Some(Err(error)) => return Ending::Broken(error),
                None => {
                    if let Err(ending) = self.flush().await {
                        return ending;
                    }
                }
            }
        }
    }

    /// Stores what is left when the stream has ended.
    pub(crate) async fn finish(&mut self, rest: Rest) -> Result<(), Ending> {
        let finished = match rest {
            Rest::Whole => self.division.finish(),
            Rest::Broken => self.division.abandon(),
            Rest::Left => Ok(()),
        };
        // Whoever ended reads nothing any more.
        self.answers = None;
        self.flush_all().await?;
        finished.map_err(Ending::Unreadable)
    }

    async fn flush_all(&mut self) -> Result<(), Ending> {
        while !self.division.is_empty() {
            self.flush().await?;
        }
        Ok(())
    }

    /// Stores what is whole and reports what is refused, then acknowledges both.
    async fn flush(&mut self) -> Result<(), Ending> {
        if self.division.is_empty() {
            return Ok(());
        }
        let Taken { values, refused } = self.division.take().map_err(Ending::Unreadable)?;
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

//! One connection, from its first message to its end.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use arrow::array::BinaryArray;
use forebay_core::budget::Budget;
use forebay_core::traffic::Counted;
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

use crate::delivery::{Delivery, Undelivered};
use crate::transport::Stream;

use super::config::FlumeConfig;
use super::held::Held;
use super::known::Known;
use super::speech::{Answer, Asked, Message, Speech, SpeechError};

/// How much is read at a time.
const READ_BYTES: usize = 64 << 10;

/// The longest wait for an agent to read its answer.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// Memory that a message takes, with the places of its events and a copy of them at worst, in times
/// of its own.
const TIMES: u64 = 3;

/// Why a connection ended.
#[derive(Debug, Error)]
pub(crate) enum Ending {
    #[error("the agent closed the connection")]
    Closed,
    #[error("no batch came within {} ms", .0.as_millis())]
    Idle(Duration),
    #[error("a batch was not whole within {} ms", .0.as_millis())]
    Slow(Duration),
    #[error("batches take all the memory that `max_in_flight` allows")]
    NoRoom,
    #[error(transparent)]
    Speech(#[from] SpeechError),
    #[error("the connection broke: {0}")]
    Broken(#[from] io::Error),
    #[error("stopped")]
    Stopped,
}

/// A connection without its layers.
pub(crate) struct Connection<S> {
    stream: S,
    delivery: Delivery,
    speech: Speech,
    held: Held,
    /// What was read and not looked at yet.
    read: Box<[u8]>,
    begin: usize,
    end: usize,
    frame_timeout: Duration,
    idle_timeout: Option<Duration>,
}

impl<S: Stream> Connection<S> {
    pub(crate) fn new(
        stream: S,
        config: &FlumeConfig,
        known: Arc<Known>,
        budget: Budget,
        delivery: Delivery,
    ) -> Self {
        let max = usize::try_from(config.max_frame.0).unwrap_or(usize::MAX);
        Self {
            stream,
            delivery,
            speech: Speech::new(config.protocol, max, known),
            held: Held::new(budget),
            read: vec![0; READ_BYTES].into_boxed_slice(),
            begin: 0,
            end: 0,
            frame_timeout: config.frame_timeout.0,
            idle_timeout: config.idle_timeout.map(|idle| idle.0),
        }
    }

    /// Answers calls until the connection ends or the run is stopped. What was begun and is not
    /// whole by then is the agent's still.
    pub(crate) async fn run(mut self) -> Ending {
        loop {
            match self.exchange().await {
                Ok(()) => self.held.release(),
                Err(ending) => return ending,
            }
        }
    }

    /// One call and its answer.
    async fn exchange(&mut self) -> Result<(), Ending> {
        let message = self.next().await?;
        let answer = match self.speech.call(message)? {
            Asked::Answered(answer) => answer,
            Asked::Refused(answer, why) => {
                note_error(&self.delivery, &why);
                answer
            }
            Asked::Take(events, answer) => take(&self.delivery, events, answer).await,
        };
        self.write(&answer).await
    }

    /// The next message.
    async fn next(&mut self) -> Result<Message, Ending> {
        let mut begun = None;
        loop {
            let mut rest = self.read.get(self.begin..self.end).unwrap_or_default();
            let found = self.speech.push(&mut rest)?;
            self.begin = self.end - rest.len();
            let bytes = found.as_ref().map_or(self.speech.held(), Message::held);
            if !self.held.grow(bytes as u64 * TIMES) {
                return Err(Ending::NoRoom);
            }
            if let Some(message) = found {
                return Ok(message);
            }
            let limit = if self.speech.is_between() {
                self.idle_timeout.map(|idle| (Instant::now() + idle, Ending::Idle(idle)))
            } else {
                let begun = *begun.get_or_insert_with(Instant::now);
                Some((begun + self.frame_timeout, Ending::Slow(self.frame_timeout)))
            };
            self.fill(limit).await?;
        }
    }

    /// Reads what comes next, up to a time.
    async fn fill(&mut self, limit: Option<(Instant, Ending)>) -> Result<(), Ending> {
        let reading = async {
            let reading = self.stream.read(&mut self.read);
            match limit {
                None => reading.await.map_err(Ending::Broken),
                Some((until, late)) => match timeout_at(until, reading).await {
                    Ok(read) => read.map_err(Ending::Broken),
                    Err(_) => Err(late),
                },
            }
        };
        let read = tokio::select! {
            () = self.delivery.stop.cancelled() => return Err(Ending::Stopped),
            read = reading => read,
        };
        match read {
            Ok(0) => Err(Ending::Closed),
            Ok(read) => {
                (self.begin, self.end) = (0, read);
                Ok(())
            }
            Err(ending) => Err(ending),
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Ending> {
        let writing = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, "the agent reads no answers");
        Ok(timeout(WRITE_TIMEOUT, writing).await.map_err(late)??)
    }
}

/// Stores a batch and says so, or that it failed.
async fn take(delivery: &Delivery, events: BinaryArray, answer: Answer) -> Vec<u8> {
    let state = &delivery.state;
    let _in_flight = Counted::new(&state.in_flight);
    match delivery.store(events).await {
        Ok(()) => {
            state.ok.fetch_add(1, Relaxed);
            answer.ok()
        }
        Err(error @ Undelivered::TooLarge { .. }) => {
            let text = error.to_string();
            note_error(delivery, &text);
            let peer = &delivery.peer;
            tracing::warn!(%peer, "{text}; its agent keeps it, and sends nothing else until it is");
            answer.error(&text)
        }
        Err(refused) => {
            state.failed.fetch_add(1, Relaxed);
            state.traffic.set_error(format_args!("{}: {refused}", delivery.peer));
            answer.failed()
        }
    }
}

fn note_error(delivery: &Delivery, text: &str) {
    delivery.state.errors.fetch_add(1, Relaxed);
    delivery.state.traffic.set_error(format_args!("{}: {text}", delivery.peer));
}

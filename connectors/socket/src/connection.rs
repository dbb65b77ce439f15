//! One connection, from its first byte to its end.

use std::io;
use std::time::Duration;

use forebay_core::journal::Refused;
use forebay_formats::framing::{self, Splitter};
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

use crate::config::{Framing, SocketConfig};
use crate::deliver::Delivery;
use crate::stream::Stream;

/// How much is read at a time.
const READ_BYTES: usize = 64 << 10;

/// At how many bytes a chunk is stored, if it is not stored earlier because nothing more has
/// arrived. A larger one costs memory per connection, a smaller one more waits for the disk.
const CHUNK_BYTES: usize = 256 << 10;

/// How much is read at most, when the run is stopped, of what had arrived.
const LAST_BYTES: usize = 4 << 20;

/// The longest wait for a peer to read its acknowledgement.
const ACKNOWLEDGE_TIMEOUT: Duration = Duration::from_secs(30);

/// The class of records that are too long.
const OVERSIZE: &str = "oversize";

/// Why a connection ended.
#[derive(Debug, Error)]
pub(crate) enum Ending {
    #[error("the peer closed the connection")]
    Closed,
    #[error("no whole record came within {} ms", .0.as_millis())]
    Idle(Duration),
    #[error("a frame announced more than max_frame")]
    Oversize,
    #[error("the connection broke: {0}")]
    Broken(#[from] io::Error),
    #[error(transparent)]
    Undelivered(#[from] Refused),
    #[error("stopped")]
    Stopped,
}

/// A connection and what has come of it.
pub(crate) struct Connection {
    stream: Stream,
    delivery: Delivery,
    splitter: Splitter,
    framing: Framing,
    idle: Option<Duration>,
    acknowledge: bool,
    /// How many records were stored or refused.
    taken: u64,
}

/// What came of an attempt to read.
enum Read {
    Bytes(usize),
    NothingNow,
    Ended(Ending),
}

impl Connection {
    pub(crate) fn new(
        stream: Stream,
        config: &SocketConfig,
        framing: Framing,
        delivery: Delivery,
    ) -> Self {
        let max = usize::try_from(config.max_frame.0).unwrap_or(usize::MAX);
        let max = max.min(delivery.intake.max_chunk_bytes());
        let kind = match framing {
            Framing::LengthPrefixed => framing::Framing::Length,
            Framing::Lines | Framing::Datagrams => framing::Framing::Newline,
        };
        Self {
            stream,
            delivery,
            splitter: Splitter::new(kind, max),
            framing,
            idle: config.idle(),
            acknowledge: config.acknowledge,
            taken: 0,
        }
    }

    /// Takes what comes until the connection ends or the run is stopped.
    pub(crate) async fn run(mut self) -> Ending {
        let ending = match self.receive().await {
            Ok(ending) | Err(ending) => ending,
        };
        let last = match &ending {
            Ending::Closed => {
                self.splitter.finish();
                self.flush().await
            }
            // What was begun is not whole, and is said to be so.
            Ending::Idle(_) | Ending::Broken(_) => {
                self.splitter.abandon();
                self.flush().await
            }
            // The peer is still there and has more of it: half a record is nobody's.
            Ending::Stopped | Ending::Oversize | Ending::Undelivered(_) => Ok(()),
        };
        match last {
            Err(failed @ Ending::Undelivered(_)) => failed,
            _ => ending,
        }
    }

    async fn receive(&mut self) -> Result<Ending, Ending> {
        let mut buffer = vec![0; READ_BYTES];
        let mut deadline = self.deadline();
        loop {
            let is_due = self.splitter.finished_bytes() + self.splitter.len() >= CHUNK_BYTES;
            let read = if is_due {
                Read::NothingNow
            } else if self.splitter.is_empty() {
                self.wait(&mut buffer, deadline).await
            } else {
                self.poll(&mut buffer).await
            };
            match read {
                Read::Bytes(count) => self.push(&buffer[..count]).await?,
                Read::NothingNow => {
                    self.flush().await?;
                    deadline = self.deadline();
                }
                Read::Ended(Ending::Stopped) => {
                    self.take_last(&mut buffer).await?;
                    return Ok(Ending::Stopped);
                }
                Read::Ended(ending) => return Ok(ending),
            }
        }
    }

    /// Waits for bytes.
    async fn wait(&mut self, buffer: &mut [u8], deadline: Option<Instant>) -> Read {
        let idle = self.idle.unwrap_or_default();
        let reading = async {
            match deadline {
                None => self.stream.read(buffer).await.into(),
                Some(deadline) => match timeout_at(deadline, self.stream.read(buffer)).await {
                    Ok(read) => read.into(),
                    Err(_) => Read::Ended(Ending::Idle(idle)),
                },
            }
        };
        tokio::select! {
            () = self.delivery.stop.cancelled() => Read::Ended(Ending::Stopped),
            read = reading => read,
        }
    }

    /// Reads what has arrived, without waiting.
    async fn poll(&mut self, buffer: &mut [u8]) -> Read {
        tokio::select! {
            biased;
            read = self.stream.read(buffer) => read.into(),
            () = std::future::ready(()) => Read::NothingNow,
        }
    }

    async fn push(&mut self, bytes: &[u8]) -> Result<(), Ending> {
        if !self.splitter.push(bytes) {
            self.flush().await?;
            let is_taken = self.splitter.push(bytes);
            debug_assert!(is_taken, "a read is smaller than 2 GiB");
        }
        // A frame that is too long is refused when its length is known: what follows may be
        // gigabytes, or no frame at all.
        if self.framing == Framing::LengthPrefixed && self.splitter.give_up_oversize() {
            self.flush().await?;
        }
        Ok(())
    }

    /// When the run is stopped: takes what had arrived until then.
    async fn take_last(&mut self, buffer: &mut [u8]) -> Result<(), Ending> {
        let mut read = 0;
        while read < LAST_BYTES
            && let Read::Bytes(count) = self.poll(buffer).await
        {
            read += count;
            self.push(&buffer[..count]).await?;
        }
        self.flush().await
    }

    /// Stores what is whole and reports what is refused, then acknowledges both.
    async fn flush(&mut self) -> Result<(), Ending> {
        if self.splitter.is_empty() {
            return Ok(());
        }
        let framed = self.splitter.take();
        let lost = match self.framing {
            Framing::LengthPrefixed => {
                framed.refused.iter().position(|one| one.reason.class == OVERSIZE)
            }
            _ => None,
        };
        let values = match lost {
            Some(at) => framed.values.slice(0, framed.refused[at].before),
            None => framed.values,
        };
        let refused = &framed.refused[..lost.map_or(framed.refused.len(), |at| at + 1)];
        self.taken += (arrow::array::Array::len(&values) + refused.len()) as u64;
        self.delivery.store(values).await?;
        for one in refused {
            self.delivery.reject(&one.bytes, one.reason.clone()).await?;
        }
        self.acknowledge().await?;
        if lost.is_some() { Err(Ending::Oversize) } else { Ok(()) }
    }

    async fn acknowledge(&mut self) -> io::Result<()> {
        if !self.acknowledge {
            return Ok(());
        }
        let line = format!("ack {}\n", self.taken);
        let writing = async {
            self.stream.write_all(line.as_bytes()).await?;
            self.stream.flush().await
        };
        timeout(ACKNOWLEDGE_TIMEOUT, writing).await.unwrap_or_else(|_| {
            Err(io::Error::new(io::ErrorKind::TimedOut, "the peer does not read its acks"))
        })
    }

    fn deadline(&self) -> Option<Instant> {
        self.idle.map(|idle| Instant::now() + idle)
    }
}

impl From<io::Result<usize>> for Read {
    fn from(read: io::Result<usize>) -> Self {
        match read {
            Ok(0) => Self::Ended(Ending::Closed),
            Ok(count) => Self::Bytes(count),
            Err(error) => Self::Ended(Ending::Broken(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use forebay_core::testing::intake;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_peer_who_reads_no_acknowledgement_is_given_up() {
        let config = toml::from_str("listen = \"tcp://127.0.0.1:0\"\nacknowledge = true").unwrap();
        let (intake, _caught) = intake();
        let delivery = Delivery {
            intake,
            state: Arc::default(),
            stop: tokio_util::sync::CancellationToken::new(),
            peer: Arc::from("peer"),
        };
        let (ours, mut theirs) = tokio::io::duplex(16);
        let connection = Connection::new(Box::new(ours), &config, Framing::Lines, delivery);
        let sending = async move {
            while theirs.write_all(b"one\n").await.is_ok() {}
            theirs
        };
        let (ending, _theirs) = tokio::join!(connection.run(), sending);
        assert!(
            matches!(&ending, Ending::Broken(error) if error.kind() == io::ErrorKind::TimedOut),
            "{ending}"
        );
    }
}

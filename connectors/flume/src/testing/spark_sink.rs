//! What the Spark sink within an agent does, without the agent.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::{JoinHandle, JoinSet};

use crate::rpc::{Frame, Frames, HandshakeRequest, HandshakeResponse, Match, Protocol, framed};
use crate::wire::{Cursor, WireError, put_bytes};

use super::agent::batch;

/// The largest call, in bytes.
const MAX_CALL: usize = 1 << 20;

/// What the Spark sink within an agent does, without the agent: it has batches, and is told what
/// became of them. It goes when this is dropped.
#[derive(Debug)]
pub struct SparkSink {
    address: SocketAddr,
    channel: Arc<Channel>,
    task: JoinHandle<()>,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was acknowledged.
    Acknowledged,
    /// It was given back.
    GivenBack,
    /// The connection that had it was lost.
    Lost,
}

#[derive(Debug, Default)]
struct Channel {
    batches: Mutex<VecDeque<Batch>>,
    offered: Notify,
}

/// A batch, and whom to tell what became of it.
#[derive(Debug)]
struct Batch {
    /// Instead of events.
    error: String,
    /// The events as they travel.
    events: Bytes,
    fate: oneshot::Sender<Fate>,
}

impl Drop for SparkSink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl SparkSink {
    /// A sink at an address; port 0 lets the system choose one.
    ///
    /// # Errors
    /// The address is in use.
    pub async fn start(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let channel = Arc::<Channel>::default();
        let shared = Arc::clone(&channel);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let channel = Arc::clone(&shared);
                connections.spawn(async move {
                    // A peer that goes away or is broken is what a sink has to live with.
                    let _ = Connection::new(stream, channel).run().await;
                });
            }
        });
        Ok(Self { address, channel, task })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Has a batch of [events](super::event), and waits for what becomes of it. It is gone from the
    /// sink when this is dropped before.
    pub async fn offer(&self, events: Vec<Vec<u8>>) -> Fate {
        self.offer_encoded(batch(&events).into()).await
    }

    /// Has a [batch](super::batch()) that was made before, and waits for what becomes of it.
    pub async fn offer_encoded(&self, batch: Bytes) -> Fate {
        self.put(String::new(), batch).await
    }

    /// Answers the next poll with an error.
    pub async fn fail(&self, error: &str) -> Fate {
        self.put(error.to_owned(), batch(&[]).into()).await
    }

    async fn put(&self, error: String, events: Bytes) -> Fate {
        let (fate, told) = oneshot::channel();
        self.channel.lock().push_back(Batch { error, events, fate });
        self.channel.offered.notify_one();
        told.await.unwrap_or(Fate::Lost)
    }
}

impl Channel {
    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Batch>> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next batch that somebody still waits for.
    async fn next(&self) -> Batch {
        loop {
            let offered = self.offered.notified();
            let next = {
                let mut batches = self.lock();
                batches.retain(|batch| !batch.fate.is_closed());
                let next = batches.pop_front();
                if !batches.is_empty() {
                    // For the next who waits.
                    self.offered.notify_one();
                }
                next
            };
            match next {
                Some(batch) => return batch,
                None => offered.await,
            }
        }
    }
}

/// The bytes of a message up to its second buffer, which is not copied.
fn begun(serial: u32, first: &[u8], second: &[u8]) -> Vec<u8> {
    if second.is_empty() {
        return framed(serial, first);
    }
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes();
    let parts: [&[u8]; 5] =
        [&serial.to_be_bytes(), &2_u32.to_be_bytes(), &length(first), first, &length(second)];
    parts.concat()
}

struct Connection {
    stream: TcpStream,
    channel: Arc<Channel>,
    frames: Frames,
    is_established: bool,
    /// The batch whose transaction is open.
    open: Option<Batch>,
    sequence: u64,
}

impl Connection {
    fn new(stream: TcpStream, channel: Arc<Channel>) -> Self {
        let frames = Frames::new(MAX_CALL);
        Self { stream, channel, frames, is_established: false, open: None, sequence: 0 }
    }

    async fn run(mut self) -> io::Result<()> {
        self.stream.set_nodelay(true)?;
        loop {
            let Frame { serial, message } = self.read().await?;
            let (answer, events) = self.answer(&message).await?;
            self.stream.write_all(&begun(serial, &answer, &events)).await?;
            self.stream.write_all(&events).await?;
        }
    }

    async fn read(&mut self) -> io::Result<Frame> {
        let mut buffer = [0; 4096];
        loop {
            let read = self.stream.read(&mut buffer).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(frame) = self.frames.push(&mut &buffer[..read]).map_err(io::Error::other)? {
                return Ok(frame);
            }
        }
    }

    /// The answer to a call, and the events that end it.
    async fn answer(&mut self, message: &[u8]) -> io::Result<(Vec<u8>, Bytes)> {
        let broken = |error: WireError| io::Error::other(error);
        let mut cursor = Cursor::new(message);
        let mut answer = Vec::new();
        if !self.is_established {
            let request = HandshakeRequest::read(&mut cursor).map_err(broken)?;
            if request.client_protocol.is_none() {
                HandshakeResponse::put(&mut answer, Match::None, &Protocol::SPARK_FLUME);
                return Ok((answer, Bytes::new()));
            }
            HandshakeResponse::put(&mut answer, Match::Both, &Protocol::SPARK_FLUME);
            self.is_established = true;
        }
        cursor.pairs(|_, _| {}).map_err(broken)?;
        let name = cursor.text().map_err(broken)?;
        if name.is_empty() {
            // A ping: the handshake was all.
            return Ok((answer, Bytes::new()));
        }
        // No metadata, no error.
        answer.extend([0, 0]);
        if name == "getEventBatch" {
            let most = cursor.long().map_err(broken)?;
            let batch = self.next().await?;
            self.sequence += 1;
            put_bytes(&mut answer, batch.error.as_bytes());
            put_bytes(&mut answer, self.sequence.to_string().as_bytes());
            let events = batch.events.clone();
            let count = Cursor::new(&events).long().map_err(broken)?;
            assert!(count <= most, "{count} events are offered where {most} are asked for");
            self.open = Some(batch);
            return Ok((answer, events));
        }
        let is_open = cursor.text().map_err(broken)? == self.sequence.to_string();
        if let Some(batch) = self.open.take_if(|_| is_open) {
            let fate = if name == "ack" { Fate::Acknowledged } else { Fate::GivenBack };
            let _ = batch.fate.send(fate);
        }
        Ok((answer, Bytes::new()))
    }

    /// The next batch, unless the peer goes away before.
    async fn next(&mut self) -> io::Result<Batch> {
        let mut byte = [0];
        tokio::select! {
            batch = self.channel.next() => Ok(batch),
            _ = self.stream.peek(&mut byte) => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

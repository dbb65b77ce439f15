//! The client's side of one connection.

use std::io;

use arrow::buffer::Buffer;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::frame::{Frame, FrameError, Frames, framed};
use super::protocol::Protocol;
use super::requestor::{Answer, BrokenAnswer, Requestor};

/// How much is read at a time.
const READ_BYTES: usize = 64 << 10;

/// Calls over one connection, one at a time. A call that was given up leaves its answer behind: the
/// connection is of no use then.
#[derive(Debug)]
pub(crate) struct Client<S> {
    stream: S,
    requestor: Requestor,
    frames: Frames,
    serial: u32,
    read: Box<[u8]>,
}

/// The result of a call: it begins at an offset of a message.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) message: Buffer,
    pub(crate) at: usize,
}

/// Why a call has no result.
#[derive(Debug, Error)]
pub(crate) enum CallError {
    #[error("it closed the connection")]
    Closed,
    #[error("the connection broke: {0}")]
    Broken(#[from] io::Error),
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Answer(#[from] BrokenAnswer),
    #[error("it answered call {theirs} where {ours} was asked")]
    Serial {
        /// The number of the answer.
        theirs: u32,
        /// The number of the call.
        ours: u32,
    },
    /// The connection is as good as before.
    #[error("it refused the call: {0}")]
    Refused(String),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// Answers may have `max` bytes.
    pub(crate) fn new(stream: S, ours: Protocol, max: usize) -> Self {
        Self {
            stream,
            requestor: Requestor::new(ours),
            frames: Frames::new(max),
            serial: 0,
            read: vec![0; READ_BYTES].into_boxed_slice(),
        }
    }

    /// Makes a call and waits for its result, as long as it takes.
    pub(crate) async fn call(
        &mut self,
        name: &str,
        parameters: &[u8],
    ) -> Result<Outcome, CallError> {
        loop {
            let message = self.exchange(name, parameters).await?;
            match self.requestor.answer(&message)? {
                Answer::Again => {}
                Answer::Result(at) => {
                    return Ok(Outcome { message: Buffer::from_vec(message), at });
                }
                Answer::Error(text) => return Err(CallError::Refused(text)),
            }
        }
    }

    /// Shakes hands, and calls nothing.
    pub(crate) async fn greet(&mut self) -> Result<(), CallError> {
        loop {
            let message = self.exchange("", b"").await?;
            if self.requestor.greeted(&message)? {
                return Ok(());
            }
        }
    }

    /// Sends a message, and waits for its answer.
    async fn exchange(&mut self, name: &str, parameters: &[u8]) -> Result<Vec<u8>, CallError> {
        self.serial = self.serial.wrapping_add(1);
        let request = self.requestor.request(name, parameters);
        self.stream.write_all(&framed(self.serial, &request)).await?;
        self.stream.flush().await?;
        let Frame { serial, message } = self.next().await?;
        match serial == self.serial {
            true => Ok(message),
            false => Err(CallError::Serial { theirs: serial, ours: self.serial }),
        }
    }

    /// The next answer. What stands behind it was not asked for, and is dropped.
    async fn next(&mut self) -> Result<Frame, CallError> {
        loop {
            let read = self.stream.read(&mut self.read).await?;
            if read == 0 {
                return Err(CallError::Closed);
            }
            let mut bytes = self.read.get(..read).unwrap_or_default();
            if let Some(frame) = self.frames.push(&mut bytes)? {
                return Ok(frame);
            }
        }
    }
}

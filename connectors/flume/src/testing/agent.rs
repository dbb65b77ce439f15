//! What an agent's `avro` sink does, without the agent.

use tokio::io::{AsyncRead, AsyncWrite};

use crate::rpc::{CallError, Client, Outcome, Protocol};
use crate::wire::{Cursor, put_long};

/// The largest answer, in bytes.
const MAX_ANSWER: usize = 1 << 20;

/// What an agent's `avro` sink does, without the agent: batches over one connection, one at a time.
#[derive(Debug)]
pub struct Agent<S>(Client<S>);

/// What a batch is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is kept.
    Ok,
    /// It is to be sent again.
    Failed,
    /// It cannot be taken, for this reason.
    Error(String),
}

/// One event as it travels.
#[must_use]
pub fn event(headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let headers = headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    crate::event::put(&mut bytes, headers, body);
    bytes
}

/// A batch of [events](event) as it travels.
#[must_use]
pub fn batch(events: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    if !events.is_empty() {
        put_long(&mut bytes, i64::try_from(events.len()).unwrap_or(i64::MAX));
        bytes.extend(events.concat());
    }
    put_long(&mut bytes, 0);
    bytes
}

impl<S: AsyncRead + AsyncWrite + Unpin> Agent<S> {
    /// Speaks over a connection.
    #[must_use]
    pub fn new(stream: S) -> Self {
        Self(Client::new(stream, Protocol::AVRO_SOURCE, MAX_ANSWER))
    }

    /// Sends a batch of [events](event).
    ///
    /// # Errors
    /// The connection is lost: nobody knows whether the batch was kept.
    pub async fn append_batch(&mut self, events: &[Vec<u8>]) -> Result<Status, String> {
        self.append_encoded(&batch(events)).await
    }

    /// Sends a [batch] that was made before.
    ///
    /// # Errors
    /// The connection is lost: nobody knows whether the batch was kept.
    pub async fn append_encoded(&mut self, batch: &[u8]) -> Result<Status, String> {
        self.call("appendBatch", batch).await
    }

    /// Sends one [event].
    ///
    /// # Errors
    /// The connection is lost: nobody knows whether the event was kept.
    pub async fn append(&mut self, event: &[u8]) -> Result<Status, String> {
        self.call("append", event).await
    }

    async fn call(&mut self, name: &str, parameters: &[u8]) -> Result<Status, String> {
        match self.0.call(name, parameters).await {
            Ok(Outcome { message, at }) => match Cursor::at(&message, at).branch(3) {
                Ok(0) => Ok(Status::Ok),
                Ok(_) => Ok(Status::Failed),
                Err(error) => Err(error.to_string()),
            },
            Err(CallError::Refused(text)) => Ok(Status::Error(text)),
            Err(error) => Err(error.to_string()),
        }
    }
}

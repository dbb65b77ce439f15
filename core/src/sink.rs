//! The role of a destination.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use thiserror::Error;

use crate::batch::Batch;
use crate::dead_letter::Reason;
use crate::observe::Observe;
use crate::probe::Probed;

/// A destination: it writes a batch and says, row by row where need be, what became of it.
///
/// The engine writes one batch at a time, in order. Two kinds of sinks exist:
///
/// - *Durable at write*: when [`Sink::write`] returns, the batch is safe. Most are.
/// - *Settling*: the sink gathers batches (into a file that rolls, say), and
///   [`Sink::settle`] says when all that it was given is safe, or will be once a
///   [`Receipt`] is in the checkpoint.
#[async_trait]
pub trait Sink: Send {
    /// When a batch that was written is safe.
    fn durability(&self) -> Durability {
        Durability::AtWrite
    }

    /// Whether a batch that comes again after a crash must have the very same rows, because the
    /// sink recognises it by its number. The plan of each batch is then synced on its own.
    fn needs_plan(&self) -> bool {
        false
    }

    /// The first I/O. The engine calls it again, with back-off, until it succeeds, and again
    /// after [`SinkError::Disconnected`].
    ///
    /// # Errors
    /// See [`SinkError`].
    async fn connect(&mut self) -> Result<(), SinkError>;

    /// Called once after the first connect of each run, before any write. `receipt` is the last
    /// one that the checkpoint holds: [publish](Sink::publish) it once more, in case the crash
    /// came between the commit and its publication, and throw away whatever was gathered after.
    ///
    /// # Errors
    /// See [`SinkError`].
    async fn recover(&mut self, receipt: Option<&Receipt>) -> Result<(), SinkError> {
        match receipt {
            Some(receipt) => self.publish(receipt).await,
            None => Ok(()),
        }
    }

    /// Writes one batch. A batch may come again after a crash, under the same number and with
    /// the same rows, and rows that were answered with [`Verdict::Retry`] come again alone.
    ///
    /// # Errors
    /// See [`SinkError`] for what each means for the batch.
    async fn write(&mut self, batch: &Batch) -> Result<Written, SinkError>;

    /// For settling sinks: makes all that was written so far safe if it is time to, or in any
    /// case if `now`. Called after each batch, and while idle. `None` if it is not time yet, or
    /// if nothing was written since.
    ///
    /// # Errors
    /// See [`SinkError`].
    async fn settle(&mut self, now: bool) -> Result<Option<Receipt>, SinkError> {
        let _ = now;
        Ok(None)
    }

    /// The receipt is in the checkpoint: make what it names visible. It may come twice for the
    /// same receipt and must then change nothing.
    ///
    /// # Errors
    /// See [`SinkError`].
    async fn publish(&mut self, receipt: &Receipt) -> Result<(), SinkError> {
        let _ = receipt;
        Ok(())
    }

    /// Ends connections and tasks. Nothing is called afterwards.
    async fn close(&mut self) {}

    /// Looks step by step whether the system can be used, and leaves it as it was: a write is
    /// tried only where it leaves no trace. `columns` are those that rows will have, where that is
    /// known before the first. It is called on an instance of its own that was never connected and
    /// is dropped afterwards, and may be dropped at any await.
    async fn probe(&mut self, columns: Option<&SchemaRef>) -> Probed {
        let _ = columns;
        let opened = self.connect().await;
        self.close().await;
        Probed::opened(opened.map_err(|error| error.to_string()))
    }

    /// State to look at from outside, if there is some.
    fn observe(&self) -> Option<Arc<dyn Observe>> {
        None
    }
}

/// When a batch that was written is safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// When `write` returns.
    AtWrite,
    /// When `settle` says so.
    Settles,
}

/// What a settling sink wants to find in the checkpoint after a crash: opaque JSON, kept small.
pub type Receipt = serde_json::Value;

/// What became of the rows of a batch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Written {
    /// Rows that were not written. All others were.
    pub rejected: Vec<Rejected>,
}

impl Written {
    /// Every row was written.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }
}

/// A row that was not written.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejected {
    /// The index of its chunk in the batch.
    pub chunk: usize,
    /// Its index in the chunk.
    pub row: usize,
    /// What to do with it.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
}

/// What to do with a row that was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may be written when tried again.
    Retry,
    /// It can never be written.
    DeadLetter,
}

/// Why a sink could not do what it was asked, and what that means for the engine.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SinkError {
    /// The connection is gone: connect again, then write the batch again as a whole.
    #[error("{0}")]
    Disconnected(String),
    /// Write the batch again as a whole, after a pause.
    #[error("{0}")]
    Transient(String),
    /// What was gathered since the last receipt is gone or in doubt: the pipeline starts again
    /// from its checkpoint, after a pause.
    #[error("{0}")]
    Reset(String),
    /// Trying again is pointless until a person changes something.
    #[error("{0}")]
    Fatal(String),
}

//! The role of an input that pushes and cannot be rewound.

use std::sync::Arc;

use arrow::array::BinaryArray;
use async_trait::async_trait;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::decode::Decode;
use crate::journal::Intake;
use crate::observe::Observe;
use crate::probe::Probed;

/// An input that pushes: a socket, an HTTP endpoint, a program, anyone's own.
///
/// A receiver is one function that runs until it is told to stop. All that it has to do with
/// what it receives is to [store](Intake::store) it on the intake that it is given, and to
/// acknowledge to its sender when that returns. The engine owns the journal, the limits, the
/// restart with back-off.
#[async_trait]
pub trait Receiver: Send {
    /// What turns the raw columns into typed ones; asked once, before the first record.
    fn decoder(&self) -> Arc<dyn Decode>;

    /// Receives until `stop` is cancelled, then lets the records under way finish and returns.
    /// If it returns earlier, with an error or without, it is run again after a pause.
    ///
    /// # Errors
    /// Says whether running it again makes sense, see [`ReceiverError`].
    async fn run(&mut self, intake: Intake, stop: CancellationToken) -> Result<(), ReceiverError>;

    /// Looks step by step whether it could receive, and receives nothing. It is called on an
    /// instance of its own that never ran and is dropped afterwards, and may be dropped at any
    /// await.
    async fn probe(&mut self) -> Probed {
        Probed::opened(Ok(()))
    }

    /// State to look at from outside, if there is some.
    fn observe(&self) -> Option<Arc<dyn Observe>> {
        None
    }
}

/// Records that arrived together: values in one contiguous buffer, and what they share.
///
/// The intake turns chunks into the raw columns `value`, `received`, `peer` and `attributes`.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// The values, one per record, none null.
    pub values: BinaryArray,
    /// Who sent them, in the protocol's own words, such as `10.0.0.7:52110`; may be empty.
    pub peer: Arc<str>,
    /// What else the protocol says of all of them, such as a path or header, by name.
    pub attributes: Vec<(Arc<str>, Arc<str>)>,
}

impl Chunk {
    /// Records that arrived together, of which nothing else is known.
    ///
    /// ```
    /// use forebay_core::receiver::Chunk;
    /// let chunk = Chunk::new(["first", "second"]).sent_by("10.0.0.7:52110");
    /// assert_eq!(chunk.values.value(1), b"second");
    /// ```
    #[must_use]
    pub fn new<V: AsRef<[u8]>>(values: impl IntoIterator<Item = V>) -> Self {
        let values = BinaryArray::from_iter_values(values);
        Self { values, peer: Arc::from(""), attributes: Vec::new() }
    }

    /// The same, from someone.
    #[must_use]
    pub fn sent_by(self, peer: impl Into<Arc<str>>) -> Self {
        Self { peer: peer.into(), ..self }
    }
}

/// Why a receiver ended.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReceiverError {
    /// Run it again after a pause.
    #[error("{0}")]
    Transient(String),
    /// Running it again is pointless until a person changes something.
    #[error("{0}")]
    Fatal(String),
}

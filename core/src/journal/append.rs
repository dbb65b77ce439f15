//! A chunk on its way from an intake to whoever keeps it.

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::dead_letter::Reason;
use crate::receiver::Chunk;

use super::intake::Refused;

/// A chunk on its way from an intake to whoever keeps it.
#[derive(Debug)]
pub(crate) struct Append {
    /// The records.
    pub(crate) chunk: Chunk,
    /// Why they were refused, if they are kept as dead letters only.
    pub(crate) reason: Option<Reason>,
    /// When they came, in milliseconds since the Unix epoch.
    pub(crate) received_ms: u64,
    /// The room that they take; given back when this is dropped, kept when it is forgotten.
    pub(crate) permit: OwnedSemaphorePermit,
    /// Whom to tell that they are safe; `None` if being handed over is all that was promised.
    pub(crate) reply: Option<oneshot::Sender<Result<(), Refused>>>,
}

//! The role between the sources and the sinks.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::batch::{BatchId, Rows};

/// Makes rows of rows. Batches come in order, one at a time, so a transform may keep state from
/// batch to batch.
#[async_trait]
pub trait Transform: Send {
    /// The schema of what comes out, if it is known before the first batch.
    fn schema(&self) -> Option<SchemaRef>;

    /// Transforms one batch. The same batch comes again after a crash, after the state of the
    /// batch before it was restored.
    ///
    /// # Errors
    /// See [`TransformError`].
    async fn apply(&mut self, input: Input) -> Result<Vec<Rows>, TransformError>;

    /// The state as it stands after the last batch; `None` for a stateless transform. Called
    /// after each batch, so it should be cheap: encoding waits until a commit needs it.
    fn snapshot(&self) -> Option<Arc<dyn Snapshot>> {
        None
    }

    /// Takes up a state that an earlier run left, or begins without one.
    ///
    /// # Errors
    /// [`TransformError::Incompatible`] if the state does not fit this transform any more, with
    /// what to do about it.
    fn restore(&mut self, state: Option<&State>) -> Result<(), TransformError> {
        match state {
            None => Ok(()),
            Some(state) => Err(TransformError::Incompatible(format!(
                "the checkpoint holds state of `{}` version {}, but this pipeline keeps none; \
                 restore the query that made it, or start with a new checkpoint",
                state.schema, state.version
            ))),
        }
    }
}

/// What a transform is given.
#[derive(Clone, Debug)]
pub struct Input {
    /// The batch's number.
    pub batch: BatchId,
    /// When the batch was planned, in milliseconds since the Unix epoch. The same after a replay.
    pub time_ms: u64,
    /// The rows of each source, by the source's name in the configuration.
    pub tables: Vec<(Arc<str>, Vec<Rows>)>,
}

/// A state at one moment, not yet encoded.
pub trait Snapshot: Send + Sync {
    /// Encodes it for the checkpoint.
    ///
    /// # Errors
    /// See [`TransformError`].
    fn encode(&self) -> Result<State, TransformError>;
}

/// An encoded state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// What the state is of: a text that differs when the state would not fit.
    pub schema: String,
    /// The version of the encoding.
    pub version: u32,
    /// The state.
    #[serde(skip)]
    pub bytes: Vec<u8>,
}

/// Why a transform could not do what it was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TransformError {
    /// The query fails on this batch, and would fail again.
    #[error("{0}")]
    Failed(String),
    /// A stored state does not fit.
    #[error("{0}")]
    Incompatible(String),
}

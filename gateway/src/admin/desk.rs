//! What all answers share.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::facts::Facts;
use super::refusal::Refusal;

/// How many clients may follow events at once.
pub(super) const MAX_FOLLOWERS: usize = 64;

/// How many large answers there may be at once, being made or on their way; others wait. This
/// bounds their memory, however slowly they are read.
const MAX_LARGE: usize = 4;

/// How much of a large answer is handed to its connection at once, in bytes.
const PIECE_BYTES: usize = 16 << 10;

/// What all answers share.
#[derive(Clone, Debug)]
pub(super) struct Desk {
    pub(super) facts: Arc<Facts>,
    /// One permit for each client that may still follow events.
    pub(super) followers: Arc<Semaphore>,
    large: Arc<Semaphore>,
    /// Whether only processes of this machine get here.
    pub(super) is_loopback: bool,
    pub(super) stop: CancellationToken,
}

impl Desk {
    pub(super) fn new(facts: Arc<Facts>, is_loopback: bool, stop: CancellationToken) -> Self {
        Self {
            facts,
            followers: Arc::new(Semaphore::new(MAX_FOLLOWERS)),
            large: Arc::new(Semaphore::new(MAX_LARGE)),
            is_loopback,
            stop,
        }
    }

    /// Makes an answer that may be large, or take a while, where it holds up nobody. One that
    /// nobody waits for any more is finished nevertheless, and counts until then.
    pub(super) async fn large<T: Serialize>(
        &self,
        make: impl FnOnce(&Facts) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<Response, Refusal> {
        let stopping = |_| Refusal::unavailable("the gateway is stopping");
        let permit = self.large.clone().acquire_owned().await.map_err(stopping)?;
        let facts = Arc::clone(&self.facts);
        let made = spawn_blocking(move || {
            let bytes = serde_json::to_vec(&make(&facts)?).map_err(|_| Refusal::broken())?;
            Ok((Bytes::from(bytes), permit))
        });
        let (bytes, permit) = made.await.map_err(|error| {
            tracing::error!(%error, "an answer of the admin address broke down");
            Refusal::broken()
        })??;
        let head = [
            (CONTENT_TYPE, "application/json".to_owned()),
            (CONTENT_LENGTH, bytes.len().to_string()),
        ];
        let pieces = stream::unfold((bytes, permit), |(mut rest, permit)| async move {
            let piece = rest.split_to(rest.len().min(PIECE_BYTES));
            (!piece.is_empty()).then_some((Ok::<_, Infallible>(piece), (rest, permit)))
        });
        Ok((head, Body::from_stream(pieces)).into_response())
    }
}

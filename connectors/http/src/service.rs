//! From a request to its answer.

use std::sync::Arc;

use arrow::array::{Array, BinaryArray};
use bytes::Bytes;
use forebay_core::budget::Budget;
use forebay_core::journal::{Intake, Refused};
use forebay_core::receiver::Chunk;
use forebay_core::traffic::Counted;
use http::header::AUTHORIZATION;
use http::{Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio_util::sync::CancellationToken;

use crate::answer::{Refusal, response};
use crate::attributes::Attributes;
use crate::auth::Gate;
use crate::body::{self, Held};
use crate::config::HttpConfig;
use crate::cut::Cut;
use crate::encoding::Encoding;
use crate::state::State;

/// A body up to this size is cut where it was read; the work on a larger or compressed one goes
/// to a thread of its own.
const CUT_IN_PLACE_BYTES: usize = 256 << 10;

/// What all requests of one run have in common.
pub(crate) struct Service {
    config: Arc<HttpConfig>,
    attributes: Attributes,
    gate: Option<Gate>,
    budget: Budget,
    intake: Intake,
    state: Arc<State>,
    stop: CancellationToken,
}

impl Service {
    pub(crate) fn new(
        config: Arc<HttpConfig>,
        state: Arc<State>,
        intake: Intake,
        stop: CancellationToken,
    ) -> Self {
        let headers = config.headers.iter().filter_map(|name| name.parse().ok());
        Self {
            attributes: Attributes::new(headers),
            gate: config.auth.as_ref().map(Gate::new),
            budget: Budget::new(config.max_in_flight.0),
            config,
            intake,
            state,
            stop,
        }
    }

    pub(crate) fn config(&self) -> &HttpConfig {
        &self.config
    }

    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    pub(crate) fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Answers a request, and counts it.
    pub(crate) async fn answer(
        &self,
        peer: &Arc<str>,
        request: Request<Incoming>,
    ) -> Response<Full<Bytes>> {
        let _in_flight = Counted::new(&self.state.in_flight);
        let outcome = self.take(peer, request).await;
        if let Err(refusal) = &outcome {
            self.state.traffic.set_error(format_args!("{peer}: {refusal}"));
            tracing::debug!(%peer, status = refusal.status().as_u16(), "refused: {refusal}");
        }
        let response = response(&outcome);
        self.state.answered(response.status());
        response
    }

    /// Stores the records of a request and says how many there were.
    async fn take(&self, peer: &Arc<str>, request: Request<Incoming>) -> Result<u64, Refusal> {
        if self.stop.is_cancelled() {
            return Err(Refusal::stopping());
        }
        let (head, body) = request.into_parts();
        if let Some(gate) = &self.gate
            && !gate.passes(head.headers.get(AUTHORIZATION))
        {
            return Err(Refusal::Unauthorized(gate.challenge()));
        }
        if !self.is_ours(head.uri.path()) {
            return Err(Refusal::NotFound);
        }
        if head.method != Method::POST {
            return Err(Refusal::Method);
        }
        let encoding = Encoding::of(&head.headers)?;
        let cut = Cut::of(self.config.body, &head.headers);

        let mut held = Held::new(self.budget.clone());
        let max_body = bytes(self.config.max_body.0);
        let body = body::read(body, max_body, self.config.body_timeout.0, &mut held).await?;
        let (columns, _held) = self.cut(body, encoding, cut, held).await?;
        let attributes = self.attributes.of(head.uri.path(), &head.headers);
        self.store(peer, &attributes, columns).await
    }

    fn is_ours(&self, path: &str) -> bool {
        match self.config.path.strip_suffix('*') {
            Some(prefix) => path.starts_with(prefix),
            None => path == self.config.path,
        }
    }

    /// Expands a body and cuts it into records. What it holds lives on with them.
    async fn cut(
        &self,
        body: Vec<u8>,
        encoding: Encoding,
        cut: Cut,
        mut held: Held,
    ) -> Result<(Vec<BinaryArray>, Held), Refusal> {
        let max_expanded = bytes(self.config.max_expanded.0);
        let max_chunk = self.intake.max_chunk_bytes();
        let in_place = encoding == Encoding::Identity && body.len() <= CUT_IN_PLACE_BYTES;
        let work = move || {
            let body = encoding.expand(body, max_expanded, &mut held)?;
            let columns = cut.apply(&body, max_chunk, &mut held)?;
            Ok((columns, held))
        };
        if in_place {
            return work();
        }
        tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
            Err(Refusal::Unavailable(format!("the body was dropped: {error}")))
        })
    }

    /// Stores all columns. Only the first may be refused for want of room: once one is stored,
    /// the others wait, so that a client seldom has to send again what is stored already.
    async fn store(
        &self,
        peer: &Arc<str>,
        attributes: &[(Arc<str>, Arc<str>)],
        columns: Vec<BinaryArray>,
    ) -> Result<u64, Refusal> {
        let mut stored = 0;
        for values in columns {
            let records = values.len() as u64;
            let size = values.value_data().len() as u64;
            let chunk = Chunk { values, peer: Arc::clone(peer), attributes: attributes.to_vec() };
            let outcome =
                if stored == 0 { self.offer(chunk).await } else { self.intake.store(chunk).await };
            outcome.map_err(|refused| match refused {
                Refused::Busy(after) => Refusal::Busy(after),
                Refused::TooLarge { .. } => Refusal::TooLarge(refused.to_string()),
                other => Refusal::Unavailable(other.to_string()),
            })?;
            stored += records;
            self.state.traffic.stored(records, size);
        }
        Ok(stored)
    }

    /// Stores a chunk if there is room for it before patience ends; else says when to come again.
    async fn offer(&self, chunk: Chunk) -> Result<(), Refused> {
        tokio::select! {
            biased;
            reserved = self.intake.reserve(chunk.clone(), None) => reserved?.store().await,
            () = tokio::time::sleep(self.config.patience.0) => self.intake.offer(chunk).await,
            () = self.stop.cancelled() => self.intake.offer(chunk).await,
        }
    }
}

/// A size of the options as a length in memory.
fn bytes(size: u64) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX)
}

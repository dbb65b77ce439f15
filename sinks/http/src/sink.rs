//! Goes through a batch with requests.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use forebay_clients::outcomes::outcomes;
use forebay_core::component::{Observe, Problem};
use forebay_core::dead_letter::Reason;
use forebay_core::probe::Probed;
use forebay_core::sink::{Rejected, SinkError, Verdict, Written};
use forebay_core::{Batch, Sink};
use forebay_formats::encode::EncodeError;
use tokio::time::{Instant, sleep_until};

use crate::body::Objects;
use crate::client::Client;
use crate::config::HttpConfig;
use crate::probe::probe;
use crate::state::State;
use crate::verdict::Meaning;

/// The sink `http`.
pub(crate) struct HttpSink {
    client: Client,
    config: HttpConfig,
    state: Arc<State>,
    /// The server asked not to be asked before.
    not_before: Option<Instant>,
}

/// What became of a request.
enum Outcome {
    /// Rows that were not written; all others were.
    Done(Vec<Rejected>),
    /// Nothing was written, and what would help is a part of it.
    Divide(String),
    /// Nothing is known to be written: later.
    Later(String),
}

impl HttpSink {
    pub(crate) fn new(config: HttpConfig) -> Result<Self, Problem> {
        let client = Client::new(config.clone())?;
        Ok(Self { client, config, state: Arc::default(), not_before: None })
    }

    /// Posts some rows once.
    async fn post(&mut self, objects: &Objects, rows: Range<usize>) -> Result<Outcome, SinkError> {
        let body = objects.body(rows.clone(), self.config.form);
        let bytes = body.len() as u64;
        self.state.requests.fetch_add(1, Relaxed);
        let answer = match self.client.post(body).await {
            Ok(answer) => answer,
            Err(why) => return Ok(Outcome::Later(why)),
        };
        match answer.meaning {
            Meaning::Taken => {}
            Meaning::Later => {
                self.state.later.fetch_add(1, Relaxed);
                self.not_before = answer.pause.map(|pause| Instant::now() + pause);
                return Ok(Outcome::Later(answer.text));
            }
            Meaning::Refused => return Ok(Outcome::Divide(answer.text)),
            Meaning::Wrong => return Err(SinkError::Fatal(answer.text)),
        }
        self.state.bytes.fetch_add(bytes, Relaxed);
        let mut rejected = Vec::new();
        if self.config.row_outcomes {
            let found = outcomes(&answer.body, rows.len()).map_err(|why| {
                let help = "take `row_outcomes` out, if 2xx says that all rows were taken";
                SinkError::Fatal(format!("{}: {why}; {help}", self.config.url))
            })?;
            let place =
                |(row, (verdict, reason))| rejection(objects, rows.start + row, verdict, reason);
            rejected.extend(found.into_iter().map(place));
        }
        self.state.rows.fetch_add((rows.len() - rejected.len()) as u64, Relaxed);
        Ok(Outcome::Done(rejected))
    }
}

fn rejection(objects: &Objects, row: usize, verdict: Verdict, reason: Reason) -> Rejected {
    let (chunk, row) = objects.place(row);
    Rejected { chunk, row, verdict, reason }
}

#[async_trait]
impl Sink for HttpSink {
    async fn connect(&mut self) -> Result<(), SinkError> {
        // There is no request that every server answers: the first batch is the first I/O.
        Ok(())
    }

    async fn write(&mut self, batch: &Batch) -> Result<Written, SinkError> {
        if let Some(at) = self.not_before {
            sleep_until(at).await;
            self.not_before = None;
        }
        let objects = Objects::of(batch).map_err(|error| match error {
            EncodeError::Columns(text) | EncodeError::Value(text) => SinkError::Fatal(format!(
                "these columns cannot be JSON: {text}; choose others in the pipeline's sql"
            )),
            error => SinkError::Fatal(error.to_string()),
        })?;
        let (most_rows, most_bytes) = (
            self.config.max_rows as usize,
            usize::try_from(self.config.max_bytes.0).unwrap_or(usize::MAX),
        );
        let mut rejected = Vec::new();
        let mut is_any_taken = false;
        let mut first = 0;
        while first < objects.len() {
            // Parts of a request that is refused, the first one last.
            let request = objects.request_from(first, most_rows, most_bytes);
            first = request.end;
            let mut parts = vec![request];
            while let Some(rows) = parts.pop() {
                match self.post(&objects, rows.clone()).await? {
                    Outcome::Done(more) => {
                        is_any_taken = true;
                        rejected.extend(more);
                    }
                    Outcome::Divide(text) if rows.len() == 1 => {
                        is_any_taken = true;
                        self.state.set_error(&text);
                        let reason = Reason::new("refused", text);
                        rejected.push(rejection(&objects, rows.start, Verdict::DeadLetter, reason));
                    }
                    Outcome::Divide(text) => {
                        self.state.set_error(&text);
                        let half = rows.start + rows.len() / 2;
                        parts.push(half..rows.end);
                        parts.push(rows.start..half);
                    }
                    Outcome::Later(text) => {
                        self.state.set_error(&text);
                        if !is_any_taken {
                            return Err(SinkError::Transient(text));
                        }
                        // What was taken is not sent again.
                        let left = rows.start..objects.len();
                        let reason = Reason::new("later", text);
                        rejected.extend(
                            left.map(|row| {
                                rejection(&objects, row, Verdict::Retry, reason.clone())
                            }),
                        );
                        first = objects.len();
                        parts.clear();
                    }
                }
            }
        }
        let refused = rejected.iter().filter(|row| row.verdict == Verdict::DeadLetter).count();
        self.state.refused_rows.fetch_add(refused as u64, Relaxed);
        Ok(Written { rejected })
    }

    async fn probe(&mut self, _: Option<&SchemaRef>) -> Probed {
        let mut probed = Probed::default();
        // Where it ended is its last step.
        let _ = probe(&self.client, &self.config.url, &mut probed).await;
        probed
    }

    fn observe(&self) -> Option<Arc<dyn Observe>> {
        let state: Arc<dyn Observe> = self.state.clone();
        Some(state)
    }
}

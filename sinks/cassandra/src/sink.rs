//! The sink.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use forebay_core::backoff::Backoff;
use forebay_core::batch::Batch;
use forebay_core::component::Observe;
use forebay_core::dead_letter::Reason;
use forebay_core::probe::Probed;
use forebay_core::sink::{Receipt, Sink, SinkError, Written};
use tokio::time::{Instant, sleep};

use crate::cluster::probe::probe;
use crate::cluster::{Live, connection};
use crate::rows::values::Window;
use crate::rows::{Bound, Encoded, Requests, clock};
use crate::sending::{Class, InFlight, Progress, Refusal, Round, State, round::Outcome};
use crate::settings::{Settings, TableName};
use crate::status::Status;

/// How many bytes of rows are prepared for sending at a time.
const WINDOW_BYTES: usize = 16 << 20;

/// How long the sink tries by itself while nothing is written, before it tells the engine.
const PATIENCE: Duration = Duration::from_secs(5);

/// The pauses meanwhile.
const PAUSES: Backoff =
    Backoff { initial: Duration::from_millis(50), max: Duration::from_secs(1), jitter: 0.5 };

/// Writes rows to a table of Cassandra or ScyllaDB.
pub struct CassandraSink {
    settings: Arc<Settings>,
    name: TableName,
    base: PathBuf,
    live: Option<Live>,
    /// Whether it was connected before: what is wrong now was right then, and may be mended.
    was_connected: bool,
    in_flight: InFlight,
    /// Of the batch that is being written, or is to come again.
    progress: Option<Progress>,
    status: Arc<Status>,
}

impl CassandraSink {
    /// A sink that is not connected yet; `base` is where relative paths begin.
    #[must_use]
    pub fn new(settings: Settings, name: TableName, base: PathBuf) -> Self {
        Self {
            in_flight: InFlight::new(settings.max_in_flight),
            settings: Arc::new(settings),
            name,
            base,
            live: None,
            was_connected: false,
            progress: None,
            status: Arc::default(),
        }
    }

    async fn try_to_connect(&self) -> Result<Live, SinkError> {
        let session = connection::connect(&self.settings, &self.name.keyspace, &self.base).await?;
        Live::new(session, self.settings.clone(), self.name.clone(), self.was_connected)
    }

    /// Writes what is left of a batch.
    async fn write_rest(
        &mut self,
        batch: &Batch,
        progress: &mut Progress,
    ) -> Result<(), SinkError> {
        let Some(live) = &mut self.live else {
            return Err(SinkError::Disconnected("there is no connection".to_owned()));
        };
        live.make_sure().await?;
        let mut since = Instant::now();
        let mut failures = 0;
        while !progress.is_done() {
            let encoded = encode(live, &self.settings, batch, progress).await?;
            if encoded.rows.is_empty() {
                continue;
            }
            let max_bytes = usize::try_from(self.settings.batch_bytes.0).unwrap_or(usize::MAX);
            let requests = Requests::of(&encoded, self.settings.batch_rows, max_bytes);
            let round = Round {
                session: &live.session,
                statements: &mut live.statements,
                in_flight: &mut self.in_flight,
                max_bytes: usize::try_from(self.settings.max_in_flight_bytes.0)
                    .unwrap_or(usize::MAX),
                progress,
                status: &self.status,
            };
            let outcome = round.send(Arc::new(Window { encoded, requests })).await;
            if outcome.written > 0 {
                (since, failures) = (Instant::now(), 0);
            }
            let Some(trouble) = judge(live, progress, outcome).await? else { continue };
            failures += 1;
            if since.elapsed() > PATIENCE {
                // The driver waits longer and longer before it tries a node that was away: a new
                // connection is made at once.
                return Err(match trouble.class {
                    Class::Away => SinkError::Disconnected(trouble.text),
                    _ => SinkError::Transient(trouble.text),
                });
            }
            sleep(PAUSES.pause(failures, fastrand::f64())).await;
        }
        Ok(())
    }
}

/// Writes rows that are not done into a buffer; those that can never be written are rejected.
async fn encode(
    live: &mut Live,
    settings: &Settings,
    batch: &Batch,
    progress: &mut Progress,
) -> Result<Encoded, SinkError> {
    let mut encoded = Encoded::default();
    for (index, chunk) in batch.chunks.iter().enumerate() {
        let rows = chunk.columns.num_rows();
        let first = progress.first(index);
        let is_open = |number: u32| progress.state(number) != State::Done;
        let count = u32::try_from(rows).unwrap_or(u32::MAX);
        if !(first..first + count).any(is_open) {
            continue;
        }
        let plan = live.plan(&chunk.columns.schema()).await?;
        let time = clock::of_plan(batch.time_ms).map(|time| time.saturating_add(i64::from(first)));
        let bound = Bound::new(&live.table(), &plan.mapping, settings, &chunk.columns, time)
            .map_err(|mismatch| SinkError::Fatal(mismatch.to_string()))?;
        for (row, number) in (0..rows).zip(first..) {
            let state = progress.state(number);
            if state == State::Done {
                continue;
            }
            let way = match plan.delete {
                Some(delete) if bound.deletes(row) => delete,
                _ => plan.write,
            };
            match bound.write(row, number, way, &mut encoded) {
                Err(reason) => progress.reject(number, reason),
                Ok(()) => {
                    if let Some(row) = encoded.rows.last_mut() {
                        row.alone = state == State::Suspect;
                    }
                }
            }
            if encoded.bytes.len() >= WINDOW_BYTES {
                return Ok(encoded);
            }
        }
    }
    Ok(encoded)
}

/// What follows from a round: done with, or in trouble that may pass.
async fn judge(
    live: &mut Live,
    progress: &mut Progress,
    outcome: Outcome,
) -> Result<Option<Refusal>, SinkError> {
    if let Some(denied) = outcome.denied {
        return Err(SinkError::Transient(denied));
    }
    if let Some(text) = outcome.stale {
        live.ask().await?;
        live.forget();
        return Ok(Some(Refusal { class: Class::Stale, text }));
    }
    // Rows are wrong only if the table is still the one that their statement was made for.
    if !outcome.refused.is_empty() && !live.ask().await? {
        for (number, text) in outcome.refused {
            match progress.state(number) {
                State::Pending => progress.suspect(number),
                State::Suspect => progress.reject(number, Reason::new("refused", text)),
                State::Done => {}
            }
        }
    }
    Ok(outcome.again)
}

#[async_trait]
impl Sink for CassandraSink {
    async fn connect(&mut self) -> Result<(), SinkError> {
        self.live = None;
        let since = Instant::now();
        loop {
            match self.try_to_connect().await {
                Ok(live) => {
                    self.live = Some(live);
                    self.was_connected = true;
                    return Ok(());
                }
                Err(error) if !self.was_connected => return Err(error),
                Err(error) if since.elapsed() > PATIENCE => {
                    return Err(SinkError::Transient(error.to_string()));
                }
                Err(_) => sleep(PAUSES.max / 2).await,
            }
        }
    }

    async fn recover(&mut self, _: Option<&Receipt>) -> Result<(), SinkError> {
        self.progress = None;
        Ok(())
    }

    async fn write(&mut self, batch: &Batch) -> Result<Written, SinkError> {
        let mut progress = match self.progress.take() {
            Some(progress) if progress.is_of(batch) => progress,
            _ => Progress::new(batch),
        };
        let written = self.write_rest(batch, &mut progress).await;
        if let Err(error) = written {
            self.progress = Some(progress);
            return Err(error);
        }
        let rejected = progress.into_rejected();
        self.status.rejected(rejected.len());
        Ok(Written { rejected })
    }

    async fn close(&mut self) {
        self.live = None;
        self.progress = None;
    }

    async fn probe(&mut self, columns: Option<&SchemaRef>) -> Probed {
        let mut probed = Probed::default();
        let (settings, name, base) = (&self.settings, &self.name, &self.base);
        // Where it ended is its last step.
        let _ = probe(settings, name, base, columns, &mut probed).await;
        probed
    }

    fn observe(&self) -> Option<Arc<dyn Observe>> {
        Some(self.status.clone())
    }
}

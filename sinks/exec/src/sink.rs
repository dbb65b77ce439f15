//! Writes batches to a program.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use forebay_clients::outcomes::{outcomes, shortened};
use forebay_core::component::Observe;
use forebay_core::dead_letter::Reason;
use forebay_core::probe::Probed;
use forebay_core::sink::{Rejected, SinkError, Verdict, Written};
use forebay_core::{Batch, Sink};
use forebay_formats::encode::json_lines;
use tokio::time::timeout;

use crate::config::ExecConfig;
use crate::running::Running;
use crate::state::State;

/// How long a program that failed may take to end by itself.
const FAREWELL: Duration = Duration::from_millis(200);

/// The sink `exec`.
pub(crate) struct ExecSink {
    config: ExecConfig,
    name: Arc<str>,
    state: Arc<State>,
    running: Option<Running>,
}

impl ExecSink {
    pub(crate) fn new(config: ExecConfig, name: Arc<str>) -> Self {
        Self { config, name, state: Arc::default(), running: None }
    }

    /// All rows as lines, and what ends the batch.
    fn lines(&self, batch: &Batch) -> Result<Vec<u8>, SinkError> {
        let mut lines = Vec::new();
        for chunk in &batch.chunks {
            let rows = json_lines(&chunk.columns).map_err(|error| {
                SinkError::Fatal(format!(
                    "these columns cannot be JSON: {error}; choose others in the pipeline's sql"
                ))
            })?;
            lines.extend_from_slice(&rows);
        }
        if self.config.acknowledge {
            lines.push(b'\n');
        }
        Ok(lines)
    }

    /// Ends a program that failed, or whose batch is in doubt.
    async fn give_up(&mut self, why: &str) -> SinkError {
        let ended = match self.running.take() {
            Some(running) => running.end(FAREWELL).await,
            None => "it does not run".to_owned(),
        };
        self.state.set_pid(None);
        let text = format!("`{}`: {why} ({ended})", self.config.program.name());
        self.state.set_error(&text);
        SinkError::Disconnected(text)
    }

    /// The rows that an answer says were not written.
    fn heard(
        &self,
        answer: &[u8],
        rows: usize,
    ) -> Result<BTreeMap<usize, (Verdict, Reason)>, String> {
        match answer.trim_ascii() {
            b"ok" => Ok(BTreeMap::new()),
            answer => outcomes(answer, rows).map_err(|why| {
                let said = shortened(String::from_utf8_lossy(answer).into_owned());
                format!("it answered `{said}`, which is neither `ok` nor says it row by row: {why}")
            }),
        }
    }
}

/// Where a row of a batch stands.
fn place(batch: &Batch, mut row: usize) -> (usize, usize) {
    for (index, chunk) in batch.chunks.iter().enumerate() {
        let rows = chunk.columns.num_rows();
        if row < rows {
            return (index, row);
        }
        row -= rows;
    }
    (batch.chunks.len(), row)
}

#[async_trait]
impl Sink for ExecSink {
    async fn connect(&mut self) -> Result<(), SinkError> {
        if self.running.is_some() {
            return Ok(());
        }
        let ExecConfig { program, acknowledge, .. } = &self.config;
        let started = Running::start(program, *acknowledge, &self.name, &self.state.complaints);
        let running = started.map_err(|text| {
            self.state.set_error(&text);
            SinkError::Transient(text)
        })?;
        self.state.starts.fetch_add(1, Relaxed);
        self.state.set_pid(running.id());
        self.running = Some(running);
        Ok(())
    }

    async fn write(&mut self, batch: &Batch) -> Result<Written, SinkError> {
        let rows = batch.num_rows();
        if rows == 0 {
            return Ok(Written::all());
        }
        let lines = self.lines(batch)?;
        let Some(mut running) = self.running.take() else {
            return Err(SinkError::Disconnected("the program does not run".to_owned()));
        };
        // Dropped in between, it is killed: whoever comes next must not hear its late answer.
        let exchanged = timeout(self.config.timeout.0, running.exchange(&lines)).await;
        self.running = Some(running);
        let answer = match exchanged {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(self.give_up(&error.to_string()).await),
            Err(_) => {
                let why = format!("no answer within {}", self.config.timeout);
                return Err(self.give_up(&why).await);
            }
        };
        let found = match self.config.acknowledge {
            true => self.heard(&answer, rows),
            false => Ok(BTreeMap::new()),
        };
        let found = match found {
            Ok(found) => found,
            Err(why) => return Err(self.give_up(&why).await),
        };
        let refused = found.values().filter(|(verdict, _)| *verdict == Verdict::DeadLetter).count();
        self.state.batches.fetch_add(1, Relaxed);
        self.state.rows.fetch_add((rows - found.len()) as u64, Relaxed);
        self.state.refused_rows.fetch_add(refused as u64, Relaxed);
        let rejected = found.into_iter().map(|(row, (verdict, reason))| {
            let (chunk, row) = place(batch, row);
            Rejected { chunk, row, verdict, reason }
        });
        Ok(Written { rejected: rejected.collect() })
    }

    async fn close(&mut self) {
        if let Some(running) = self.running.take() {
            let ended = running.end(self.config.stop_timeout.0).await;
            tracing::info!(sink = %self.name, program = self.config.program.name(), %ended, "the program has ended");
        }
        self.state.set_pid(None);
    }

    async fn probe(&mut self, _: Option<&SchemaRef>) -> Probed {
        let mut probed = Probed::default();
        // Where it ended is its last step.
        let _ = self.config.program.probe(&mut probed);
        probed
    }

    fn observe(&self) -> Option<Arc<dyn Observe>> {
        let state: Arc<dyn Observe> = self.state.clone();
        Some(state)
    }
}

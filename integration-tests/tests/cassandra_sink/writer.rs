//! A sink at work, as the engine drives it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use arrow::array::{ArrayRef, RecordBatch};
use forebay_cassandra_sink::{Cassandra as Component, Settings};
use forebay_core::batch::{Batch, Rows};
use forebay_core::component::{BuildContext, SinkComponent};
use forebay_core::sink::{Rejected, Sink, SinkError};
use forebay_integration_tests::servers::Cassandra;
use tokio::time::{Instant, sleep, timeout};

/// The longest that a batch may take, faults included.
const LONG: Duration = Duration::from_secs(90);

/// A sink at work.
pub(crate) struct Writer {
    pub(crate) sink: Box<dyn Sink>,
}

/// The options for a table, with further lines.
pub(crate) fn settings(cassandra: &Cassandra, table: &str, more: &str) -> Result<Settings> {
    let hosts = cassandra.contact_points();
    toml::from_str(&format!("hosts = {hosts:?}\ntable = \"{table}\"\n{more}"))
        .with_context(|| more.to_owned())
}

/// A sink that is not connected.
pub(crate) fn build(settings: Settings) -> Result<Box<dyn Sink>> {
    let context = BuildContext {
        name: "cassandra".into(),
        pipeline: "p".into(),
        base: ".".into(),
        instance: "1".into(),
    };
    Component::build(settings, &context).map_err(|problem| anyhow::anyhow!(problem.message))
}

impl Writer {
    /// A sink that is connected.
    pub(crate) async fn new(cassandra: &Cassandra, table: &str, more: &str) -> Result<Self> {
        let mut sink = build(settings(cassandra, table, more)?)?;
        sink.connect().await?;
        sink.recover(None).await?;
        Ok(Self { sink })
    }

    /// Writes one batch until it is done, as the engine does; the rows that can never be.
    pub(crate) async fn write(&mut self, batch: &Batch) -> Result<Vec<Rejected>> {
        let deadline = Instant::now() + LONG;
        loop {
            let error = match timeout(LONG, self.sink.write(batch)).await? {
                Ok(written) => return Ok(written.rejected),
                Err(error @ SinkError::Transient(_)) => error,
                Err(error) => bail!(error),
            };
            if Instant::now() > deadline {
                bail!(error);
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Why a batch cannot be written now.
    pub(crate) async fn refusal(&mut self, batch: &Batch) -> Result<SinkError> {
        match timeout(LONG, self.sink.write(batch)).await? {
            Ok(_) => bail!("the batch was written"),
            Err(error) => Ok(error),
        }
    }
}

/// Rows with these columns.
pub(crate) fn rows<const N: usize>(columns: [(&str, ArrayRef); N]) -> Result<Rows> {
    Ok(Rows { columns: RecordBatch::try_from_iter(columns)?, origin: None })
}

/// A batch that was planned at a time.
pub(crate) fn batch(id: u64, time_ms: u64, chunks: Vec<Rows>) -> Batch {
    Batch { time_ms, ..Batch::new(id, chunks) }
}

/// A column.
pub(crate) fn column(array: impl arrow::array::Array + 'static) -> ArrayRef {
    Arc::new(array)
}

/// What the sink shows of itself, at a JSON pointer.
pub(crate) fn observed(sink: &dyn Sink, pointer: &str) -> Result<serde_json::Value> {
    let seen = sink.observe().context("nothing to observe")?.observe();
    seen.pointer(pointer).cloned().with_context(|| format!("no {pointer} in {seen}"))
}

//! One sink at work: connecting, writing with retries, settling.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::UInt32Array;
use arrow::compute::take;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::batch::{Batch, Origin, Rows};
use crate::dead_letter::{DeadLetter, Reason};
use crate::progress::SinkProgress;
use crate::retry::{Decision, Failure as Attempted, RetryPolicy};
use crate::sink::{Durability, Receipt, Rejected, Sink, SinkError, Verdict};

use super::failure::Failure;
use super::letters::Postmark;
use super::report::Reporter;
use super::window::Gauge;

/// A sink as it is handed to a pipeline.
pub struct OutputParts {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// The sink.
    pub sink: Box<dyn Sink>,
    /// How failed rows and batches are tried again.
    pub retry: RetryPolicy,
}

/// One sink at work.
pub(super) struct Output {
    pub(super) name: Arc<str>,
    pub(super) sink: Box<dyn Sink>,
    retry: RetryPolicy,
    gauge: Gauge,
    /// Whether it holds rows that are not safe yet.
    unsettled: bool,
}

/// What became of a batch at one sink.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    pub(super) letters: Vec<DeadLetter>,
    pub(super) retries: u64,
    took: Duration,
    /// The last error after which it was tried again.
    error: Option<String>,
}

impl Delivery {
    /// What listeners are told of it.
    pub(super) fn told(&self, sink: &Arc<str>) -> SinkProgress {
        SinkProgress {
            sink: sink.clone(),
            write_ms: self.took.as_secs_f64() * 1e3,
            retries: self.retries,
            dead_letters: self.letters.len() as u64,
            error: self.error.clone(),
        }
    }
}

/// What an output needs of its surroundings.
#[derive(Clone)]
pub(super) struct Surroundings {
    pub(super) reporter: Arc<Reporter>,
    pub(super) cancel: CancellationToken,
}

impl Surroundings {
    /// Waits out the pause that the policy sets after a failure of a whole batch or connection.
    async fn pause(
        &self,
        output: &str,
        policy: &RetryPolicy,
        tries: &mut Tries,
        error: &SinkError,
    ) -> Result<(), Failure> {
        let reason = error.to_string();
        self.reporter.waiting(output, &reason);
        if tries.error.as_ref() != Some(&reason) {
            tracing::warn!(sink = output, %error, "the sink does not take the batch; trying again");
            tries.error = Some(reason);
        }
        match policy.decide(tries.failed(false), fastrand::f64()) {
            Decision::RetryAfter(pause) => self.sleep(pause).await,
            Decision::DeadLetter => Ok(()),
        }
    }

    async fn sleep(&self, pause: Duration) -> Result<(), Failure> {
        tokio::select! {
            () = self.cancel.cancelled() => Err(Failure::Cancelled),
            () = tokio::time::sleep(pause) => Ok(()),
        }
    }
}

/// Attempts at one thing.
struct Tries {
    attempts: u32,
    since: Instant,
    /// Why the last one failed.
    error: Option<String>,
}

impl Tries {
    fn first() -> Self {
        Self { attempts: 1, since: Instant::now(), error: None }
    }

    fn failed(&self, rows: bool) -> Attempted {
        Attempted { attempts: self.attempts, elapsed: self.since.elapsed(), rows }
    }
}

impl Output {
    pub(super) fn new(parts: OutputParts, gauge: Gauge) -> Self {
        Self { name: parts.name, sink: parts.sink, retry: parts.retry, gauge, unsettled: false }
    }

    pub(super) fn is_unsettled(&self) -> bool {
        self.unsettled
    }

    /// Connects, however long that takes.
    pub(super) async fn connect(&mut self, around: &Surroundings) -> Result<(), Failure> {
        let mut tries = Tries::first();
        while let Err(error) = self.sink.connect().await {
            if let SinkError::Fatal(reason) = &error {
                return Err(Failure::fatal(&self.name, reason));
            }
            around.pause(&self.name, &self.retry, &mut tries, &error).await?;
            tries.attempts += 1;
        }
        around.reporter.recovered(&self.name);
        Ok(())
    }

    /// Connects and takes up what an earlier run left.
    pub(super) async fn begin(
        &mut self,
        receipt: Option<&Receipt>,
        around: &Surroundings,
    ) -> Result<(), Failure> {
        self.unsettled = false;
        self.connect(around).await?;
        let mut tries = Tries::first();
        while let Err(error) = self.sink.recover(receipt).await {
            self.mend(error, &mut tries, around).await?;
        }
        around.reporter.recovered(&self.name);
        Ok(())
    }

    /// What is done about an error after which the same call makes sense once more.
    async fn mend(
        &mut self,
        error: SinkError,
        tries: &mut Tries,
        around: &Surroundings,
    ) -> Result<(), Failure> {
        match &error {
            SinkError::Transient(_) | SinkError::Disconnected(_) => {
                around.pause(&self.name, &self.retry, tries, &error).await?;
                tries.attempts += 1;
                if matches!(error, SinkError::Disconnected(_)) {
                    self.connect(around).await?;
                }
                Ok(())
            }
            SinkError::Reset(_) | SinkError::Fatal(_) => Err(Failure::of_sink(&self.name, &error)),
        }
    }

    /// Writes a batch until each row is written or is a dead letter.
    pub(super) async fn write(
        &mut self,
        batch: &Batch,
        postmark: &Postmark,
        around: &Surroundings,
    ) -> Result<Delivery, Failure> {
        let mut delivery = Delivery::default();
        if batch.num_rows() == 0 {
            return Ok(delivery);
        }
        self.unsettled = self.sink.durability() == Durability::Settles;
        let mut rest = batch.clone();
        let holding = self.gauge.hold(rest.num_rows());
        let mut tries = Tries::first();
        loop {
            let written = match self.sink.write(&rest).await {
                Ok(written) => written,
                Err(error) => {
                    delivery.error = Some(error.to_string());
                    self.mend(error, &mut tries, around).await?;
                    delivery.retries += 1;
                    continue;
                }
            };
            around.reporter.recovered(&self.name);
            let decision = self.retry.decide(tries.failed(true), fastrand::f64());
            let again = |rejected: &Rejected| {
                rejected.verdict == Verdict::Retry && decision != Decision::DeadLetter
            };
            let (again, dead): (Vec<Rejected>, Vec<Rejected>) =
                written.rejected.into_iter().partition(again);
            for rejected in &dead {
                if let Some(rows) = rest.chunks.get(rejected.chunk) {
                    delivery.letters.push(postmark.row(
                        rows,
                        rejected.row,
                        reason_of(rejected),
                        &self.name,
                        tries.attempts,
                    ));
                }
            }
            if again.is_empty() {
                delivery.took = tries.since.elapsed();
                return Ok(delivery);
            }
            rest = only(&rest, &again).map_err(|error| Failure::fatal(&self.name, error))?;
            holding.set(rest.num_rows());
            delivery.retries += 1;
            delivery.error = Some(again[0].reason.text.clone());
            if let Decision::RetryAfter(pause) = decision {
                around.reporter.waiting(&self.name, &again[0].reason.text);
                around.sleep(pause).await?;
            }
            tries.attempts += 1;
        }
    }

    /// Makes what was written safe if it is time to, or in any case if `now`. `Some` says that
    /// all is safe once the receipt, if there is one, is in the checkpoint.
    pub(super) async fn settle(&mut self, now: bool) -> Result<Option<Option<Receipt>>, Failure> {
        let receipt = self.sink.settle(now).await;
        let receipt = receipt.map_err(|error| Failure::of_sink(&self.name, &error))?;
        if receipt.is_none() && !now {
            return Ok(None);
        }
        self.unsettled = false;
        Ok(Some(receipt))
    }

    /// Publishes a receipt that is in the checkpoint.
    pub(super) async fn publish(
        &mut self,
        receipt: &Receipt,
        around: &Surroundings,
    ) -> Result<(), Failure> {
        let mut tries = Tries::first();
        while let Err(error) = self.sink.publish(receipt).await {
            self.mend(error, &mut tries, around).await?;
        }
        around.reporter.recovered(&self.name);
        Ok(())
    }
}

fn reason_of(rejected: &Rejected) -> Reason {
    match rejected.verdict {
        Verdict::DeadLetter => rejected.reason.clone(),
        Verdict::Retry => Reason::new(
            rejected.reason.class,
            format!("given up after retries: {}", rejected.reason.text),
        ),
    }
}

/// The batch with only these rows.
fn only(batch: &Batch, rows: &[Rejected]) -> Result<Batch, arrow::error::ArrowError> {
    let mut chunks = Vec::new();
    for (index, chunk) in batch.chunks.iter().enumerate() {
        let mut indices: Vec<u32> = rows
            .iter()
            .filter(|rejected| rejected.chunk == index)
            .filter_map(|rejected| u32::try_from(rejected.row).ok())
            .collect();
        indices.sort_unstable();
        if indices.is_empty() {
            continue;
        }
        let origin = chunk.origin.as_ref().map(|origin| Origin {
            slice: origin.slice.clone(),
            rows: Some(indices.iter().map(|row| origin.raw_row(*row as usize) as u32).collect()),
        });
        let indices = UInt32Array::from(indices);
        let columns = chunk.columns.columns().iter().map(|column| take(column, &indices, None));
        let columns = arrow::array::RecordBatch::try_new(
            chunk.columns.schema(),
            columns.collect::<Result<_, _>>()?,
        )?;
        chunks.push(Rows { columns, origin });
    }
    Ok(batch.with_chunks(chunks))
}

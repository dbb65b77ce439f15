//! The sink as the engine sees it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use forebay_clients::aws::{AwsConnection, Meaning};
use forebay_clients::kinesis::StreamId;
use forebay_core::component::{Observe, Problem};
use forebay_core::dead_letter::Reason;
use forebay_core::probe::Probed;
use forebay_core::sink::{Rejected, SinkError, Verdict, Written};
use forebay_core::{Batch, Sink};
use futures::future::try_join_all;
use tokio::task::JoinError;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::live::Live;
use crate::options::KinesisSinkOptions;
use crate::probe::probe;
use crate::queue::Queue;
use crate::service::Service;
use crate::shape::Shape;
use crate::status::Status;
use crate::writer::send;

/// The sink `kinesis`.
pub(crate) struct KinesisSink {
    connection: AwsConnection,
    stream: StreamId,
    shape: Arc<Shape>,
    queues: usize,
    is_strict: bool,
    request_bytes: usize,
    retry_for: Duration,
    service: Option<Arc<dyn Service>>,
    status: Arc<Status>,
}

impl KinesisSink {
    pub(crate) fn new(options: KinesisSinkOptions) -> Result<Self, Problem> {
        let stream =
            options.stream.parse().map_err(|error: String| Problem::at("stream", error))?;
        Ok(Self {
            stream,
            shape: Arc::new(Shape::of(&options).map_err(|error| Problem::at("", error))?),
            queues: usize::from(options.requests).max(1),
            is_strict: options.strict_order,
            request_bytes: usize::try_from(options.request_bytes.0).unwrap_or(usize::MAX),
            retry_for: options.retry_for.0,
            service: None,
            status: Arc::default(),
            connection: options.connection,
        })
    }

    /// Writes to this instead of the service.
    #[cfg(test)]
    pub(crate) fn onto(mut self, service: Arc<dyn Service>) -> Self {
        self.service = Some(service);
        self
    }
}

/// The records of a batch, divided by their keys, and rows that are none.
fn divide(
    batch: &Batch,
    shape: &Shape,
    mut queues: Vec<Queue>,
) -> Result<(Vec<Queue>, Vec<Rejected>), SinkError> {
    let mut rejected = Vec::new();
    for (chunk, rows) in batch.chunks.iter().enumerate() {
        let mut records = shape.bind(&rows.columns).map_err(SinkError::Fatal)?;
        for row in 0..rows.columns.num_rows() {
            match records.get(row) {
                Ok(record) => {
                    let mut hasher = DefaultHasher::new();
                    record.key.hash(&mut hasher);
                    #[expect(
                        clippy::cast_possible_truncation,
                        reason = "any part of a hash is one"
                    )]
                    let queue = hasher.finish() as usize % queues.len();
                    queues[queue].push((chunk, row), record);
                }
                Err(reason) => rejected.push(dead(chunk, row, reason)),
            }
        }
    }
    Ok((queues, rejected))
}

fn dead(chunk: usize, row: usize, reason: Reason) -> Rejected {
    Rejected { chunk, row, verdict: Verdict::DeadLetter, reason }
}

fn broken(error: JoinError) -> SinkError {
    SinkError::Transient(format!("the records broke down: {error}"))
}

#[async_trait]
impl Sink for KinesisSink {
    async fn connect(&mut self) -> Result<(), SinkError> {
        let service = match &self.service {
            Some(service) => Arc::clone(service),
            None => Arc::new(Live::new(&self.connection, &self.stream).await),
        };
        let looked = service.look().await;
        self.service = Some(service);
        looked.map_err(|failure| {
            let text = match failure.meaning {
                Meaning::Gone => format!("there is no stream `{}`: {failure}", self.stream),
                _ => format!("the stream `{}` cannot be written: {failure}", self.stream),
            };
            self.status.trouble(Some(&text));
            SinkError::Transient(text)
        })
    }

    async fn write(&mut self, batch: &Batch) -> Result<Written, SinkError> {
        let Some(service) = self.service.clone() else {
            return Err(SinkError::Disconnected("there is no connection yet".to_owned()));
        };
        let new = || Queue::new(self.is_strict, self.request_bytes);
        let queues: Vec<Queue> = (0..self.queues).map(|_| new()).collect();
        let (batch, shape) = (batch.clone(), Arc::clone(&self.shape));
        let divided = tokio::task::spawn_blocking(move || divide(&batch, &shape, queues)).await;
        let (queues, mut rejected) = divided.map_err(broken)??;
        let deadline = Instant::now() + self.retry_for;
        // Tasks, for what a request costs its processors; they end with this call.
        let sending = queues.into_iter().map(|queue| {
            let (service, status) = (Arc::clone(&service), Arc::clone(&self.status));
            AbortOnDropHandle::new(tokio::spawn(send(service, queue, deadline, status)))
        });
        let sent = try_join_all(sending).await.map_err(broken)?;
        let is_under_way = sent.iter().any(|(_, sent)| sent.is_under_way);
        let mut trouble: Option<String> = None;
        for (queue, sent) in sent {
            rejected.extend(sent.dead.into_iter().map(|((chunk, row), it)| dead(chunk, row, it)));
            let Some(failure) = sent.failure else { continue };
            rejected.extend(queue.rest().map(|waiting| Rejected {
                chunk: waiting.row.0,
                row: waiting.row.1,
                verdict: Verdict::Retry,
                reason: Reason::new("refused", failure.text.clone()),
            }));
            trouble = trouble.or(Some(failure.text));
        }
        self.status.trouble(trouble.as_deref());
        match trouble {
            // Nothing came through: that is not about rows.
            Some(text) if !is_under_way => Err(SinkError::Transient(format!(
                "the stream `{}` takes no records: {text}",
                self.stream
            ))),
            _ => Ok(Written { rejected }),
        }
    }

    async fn probe(&mut self, columns: Option<&SchemaRef>) -> Probed {
        let mut probed = Probed::default();
        // Where it ended is its last step.
        let _ = probe(&self.connection, &self.stream, &self.shape, columns, &mut probed).await;
        probed
    }

    fn observe(&self) -> Option<Arc<dyn Observe>> {
        Some(Arc::clone(&self.status) as Arc<dyn Observe>)
    }
}

//! The sink as the engine sees it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use forebay_core::component::Observe;
use forebay_core::probe::Probed;
use forebay_core::sink::{Receipt, SinkError, Written};
use forebay_core::{Batch, Sink};

use crate::plan::Plan;
use crate::probe::Probing;
use crate::status::Status;
use crate::writer::Writer;

/// The sink `kafka`. Its work blocks, so it is done on threads for that.
pub(crate) struct KafkaSink {
    /// Only ever locked by one piece of work at a time, and never across an await.
    writer: Arc<Mutex<Writer>>,
    status: Arc<Status>,
    is_exactly_once: bool,
}

/// Tells work that nobody waits for it any more.
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl KafkaSink {
    pub(crate) fn new(plan: Plan) -> Self {
        let status = Arc::<Status>::default();
        let is_exactly_once = plan.transactional_id.is_some();
        let writer = Arc::new(Mutex::new(Writer::new(plan, Arc::clone(&status))));
        Self { writer, status, is_exactly_once }
    }

    /// Does work on a thread that may block. The work is told if this future is dropped.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Writer, &AtomicBool) -> Result<T, SinkError> + Send + 'static,
    ) -> Result<T, SinkError> {
        let cancel = Arc::new(AtomicBool::new(false));
        let _waiting = Waiting(Arc::clone(&cancel));
        let writer = Arc::clone(&self.writer);
        let thread = tokio::task::spawn_blocking(move || {
            let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
            if cancel.load(Ordering::Relaxed) {
                return Err(SinkError::Transient("the pipeline does not wait".to_owned()));
            }
            work(&mut writer, &cancel)
        });
        thread.await.unwrap_or_else(|error| {
            Err(SinkError::Reset(format!("the writing thread ended: {error}")))
        })
    }
}

#[async_trait]
impl Sink for KafkaSink {
    fn needs_plan(&self) -> bool {
        self.is_exactly_once
    }

    async fn connect(&mut self) -> Result<(), SinkError> {
        self.work(|writer, _| writer.connect()).await
    }

    async fn recover(&mut self, _: Option<&Receipt>) -> Result<(), SinkError> {
        self.work(|writer, _| writer.recover()).await
    }

    async fn write(&mut self, batch: &Batch) -> Result<Written, SinkError> {
        let batch = batch.clone();
        self.work(move |writer, cancel| writer.write(&batch, cancel)).await
    }

    async fn close(&mut self) {
        let closed = self.work(|writer, _| {
            writer.close();
            Ok(())
        });
        if let Err(error) = closed.await {
            tracing::warn!(%error, "the sink could not be closed");
        }
    }

    async fn probe(&mut self, columns: Option<&SchemaRef>) -> Probed {
        let mut probed = Probed::default();
        let probing = {
            let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
            Probing::new(&writer.plan, columns)
        };
        // Where it ended is its last step.
        let _ = probing.run(columns.is_some(), &mut probed).await;
        probed
    }

    fn observe(&self) -> Option<Arc<dyn Observe>> {
        Some(Arc::clone(&self.status) as Arc<dyn Observe>)
    }
}

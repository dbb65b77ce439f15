//! Takes batches.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use forebay_core::component::Observe;
use forebay_core::sink::{SinkError, Written};
use forebay_core::{Batch, Sink};
use serde_json::Value;

use crate::table::Table;

/// The sink `memory`.
pub(crate) struct MemorySink(Arc<Shared>);

/// The table, shared with who looks at it.
struct Shared(Mutex<Table>);

impl MemorySink {
    pub(crate) fn new(max_rows: usize, max_bytes: u64) -> Self {
        Self(Arc::new(Shared(Mutex::new(Table::new(max_rows, max_bytes)))))
    }
}

#[async_trait]
impl Sink for MemorySink {
    async fn connect(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    async fn write(&mut self, batch: &Batch) -> Result<Written, SinkError> {
        let mut table = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        match table.add(batch) {
            Ok(()) => Ok(Written::all()),
            Err(error) => Err(SinkError::Fatal(format!(
                "these columns cannot be shown as JSON: {error}; choose others in the pipeline's sql"
            ))),
        }
    }

    fn observe(&self) -> Option<Arc<dyn Observe>> {
        Some(Arc::clone(&self.0) as Arc<dyn Observe>)
    }
}

impl Observe for Shared {
    fn observe(&self) -> Value {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).show()
    }
}

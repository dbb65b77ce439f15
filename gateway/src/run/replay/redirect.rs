//! Letters that fail again keep their origin.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray, UInt32Array};
use arrow::datatypes::UInt32Type;
use arrow::error::ArrowError;
use async_trait::async_trait;
use forebay_core::batch::Rows;
use forebay_core::component::Observe;
use forebay_core::sink::{Durability, Receipt, SinkError, Written};
use forebay_core::{Batch, Sink};

use super::origin::Origin;

/// The dead-letter sink of a replay: it restores where letters came from at first, and counts the
/// attempts before this one.
pub(super) struct Redirect {
    inner: Box<dyn Sink>,
}

impl Redirect {
    pub(super) fn new(inner: Box<dyn Sink>) -> Self {
        Self { inner }
    }
}

/// Restores the origin of each row whose position is one.
pub(super) fn restore(letters: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let missing =
        |name: &str| ArrowError::SchemaError(format!("dead letters have no column `{name}`"));
    let text = |name: &str| -> Result<&StringArray, ArrowError> {
        letters.column_by_name(name).and_then(|c| c.as_string_opt()).ok_or_else(|| missing(name))
    };
    let (splits, positions, raw) = (text("split")?, text("position")?, text("columns")?);
    let attempts = letters
        .column_by_name("attempts")
        .and_then(|column| column.as_primitive_opt::<UInt32Type>())
        .ok_or_else(|| missing("attempts"))?;
    let origins: Vec<Option<Origin>> =
        positions.iter().map(|position| position.and_then(Origin::from_text)).collect();
    let restored = |now: &StringArray, of: fn(&Origin) -> Option<&str>| -> StringArray {
        let cell = |(now, origin): (Option<&str>, &Option<Origin>)| match origin {
            Some(origin) => of(origin).map(str::to_owned),
            None => now.map(str::to_owned),
        };
        now.iter().zip(&origins).map(cell).collect()
    };
    let counted: UInt32Array = attempts
        .values()
        .iter()
        .zip(&origins)
        .map(|(now, origin)| now.saturating_add(origin.as_ref().map_or(0, |o| o.attempts)))
        .collect();
    let schema = letters.schema();
    let mut columns = letters.columns().to_vec();
    let mut put = |name: &str, column: ArrayRef| -> Result<(), ArrowError> {
        columns[schema.index_of(name)?] = column;
        Ok(())
    };
    put("split", Arc::new(restored(splits, |origin| origin.split.as_deref())))?;
    put("position", Arc::new(restored(positions, |origin| origin.position.as_deref())))?;
    put("columns", Arc::new(restored(raw, |origin| origin.columns.as_deref())))?;
    put("attempts", Arc::new(counted))?;
    RecordBatch::try_new(schema, columns)
}

#[async_trait]
impl Sink for Redirect {
    fn durability(&self) -> Durability {
        self.inner.durability()
    }

    fn needs_plan(&self) -> bool {
        self.inner.needs_plan()
    }

    async fn connect(&mut self) -> Result<(), SinkError> {
        self.inner.connect().await
    }

    async fn recover(&mut self, receipt: Option<&Receipt>) -> Result<(), SinkError> {
        self.inner.recover(receipt).await
    }

    async fn write(&mut self, batch: &Batch) -> Result<Written, SinkError> {
        let restored = batch.chunks.iter().map(|chunk| {
            let columns = restore(&chunk.columns)?;
            Ok(Rows { columns, origin: chunk.origin.clone() })
        });
        let chunks = restored
            .collect::<Result<_, ArrowError>>()
            .map_err(|error| SinkError::Fatal(error.to_string()))?;
        self.inner.write(&batch.with_chunks(chunks)).await
    }

    async fn settle(&mut self, now: bool) -> Result<Option<Receipt>, SinkError> {
        self.inner.settle(now).await
    }

    async fn publish(&mut self, receipt: &Receipt) -> Result<(), SinkError> {
        self.inner.publish(receipt).await
    }

    async fn close(&mut self) {
        self.inner.close().await;
    }

    fn observe(&self) -> Option<Arc<dyn Observe>> {
        self.inner.observe()
    }
}

//! Gives letters to the decoder of the source that they came from.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use forebay_core::decode::{Decode, Decoded, Prepare};

/// Takes the last column, the origin, off the records before their decoder sees them.
pub(super) struct LetterDecoder {
    inner: Arc<dyn Decode>,
}

impl LetterDecoder {
    pub(super) fn shared(inner: Arc<dyn Decode>) -> Arc<dyn Decode> {
        Arc::new(Self { inner })
    }
}

impl Decode for LetterDecoder {
    fn schema(&self) -> Option<SchemaRef> {
        self.inner.schema()
    }

    fn prepare(&self) -> Option<&dyn Prepare> {
        // What is behind the columns that it knows does not concern it.
        self.inner.prepare()
    }

    fn decode(&self, records: &RecordBatch) -> Result<Decoded, String> {
        let own: Vec<usize> = (0..records.num_columns().saturating_sub(1)).collect();
        let records = records.project(&own).map_err(|error| error.to_string())?;
        self.inner.decode(&records)
    }
}

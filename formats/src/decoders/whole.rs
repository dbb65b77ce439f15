//! All raw columns as they are.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use forebay_core::decode::{Decode, Decoded, RawColumns};

/// Leaves all raw columns as they are.
#[derive(Clone, Debug)]
pub struct Whole {
    raw: RawColumns,
}

impl Whole {
    /// Leaves these columns as they are.
    #[must_use]
    pub fn new(raw: RawColumns) -> Self {
        Self { raw }
    }
}

impl Decode for Whole {
    fn schema(&self) -> Option<SchemaRef> {
        Some(SchemaRef::clone(&self.raw.schema))
    }

    fn raw(&self) -> Option<RawColumns> {
        Some(self.raw.clone())
    }

    fn decode(&self, records: &RecordBatch) -> Result<Decoded, String> {
        Ok(Decoded { columns: records.clone(), rows: None, rejected: Vec::new() })
    }
}

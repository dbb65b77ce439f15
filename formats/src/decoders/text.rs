//! UTF-8 text.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BinaryArray, RecordBatch, StringArray, StringBuilder};
use arrow::datatypes::SchemaRef;
use forebay_core::dead_letter::Reason;
use forebay_core::decode::{Decode, Decoded, RawColumns};

use super::Kept;

/// Makes text of the bytes; what is no UTF-8 is refused.
#[derive(Clone, Debug)]
pub struct Text {
    kept: Kept,
    schema: SchemaRef,
}

impl Text {
    /// A decoder of these raw columns.
    #[must_use]
    pub fn new(kept: Kept) -> Self {
        let schema = kept.schema(&[kept.text_field()]);
        Self { kept, schema }
    }
}

impl Decode for Text {
    fn schema(&self) -> Option<SchemaRef> {
        Some(Arc::clone(&self.schema))
    }

    fn raw(&self) -> Option<RawColumns> {
        Some(self.kept.raw())
    }

    fn decode(&self, records: &RecordBatch) -> Result<Decoded, String> {
        let values = self.kept.values(records)?;
        let (text, rejected) = match StringArray::try_from_binary(values.clone()) {
            Ok(text) => (text, Vec::new()),
            Err(_) => one_by_one(values),
        };
        let text: ArrayRef = Arc::new(text);
        self.kept.assemble(&self.schema, records, vec![text], rejected)
    }
}

/// Finds the values that are no UTF-8, and leaves them out.
fn one_by_one(values: &BinaryArray) -> (StringArray, Vec<(u32, Reason)>) {
    let mut text = StringBuilder::with_capacity(values.len(), values.value_data().len());
    let mut rejected = Vec::new();
    for (row, value) in (0..).zip(values) {
        match value.map(std::str::from_utf8).transpose() {
            Ok(value) => text.append_option(value),
            Err(error) => rejected.push((row, no_utf8(error))),
        }
    }
    (text.finish(), rejected)
}

/// The reason to refuse bytes that are no UTF-8.
pub(super) fn no_utf8(error: std::str::Utf8Error) -> Reason {
    Reason::new("encoding", format!("not UTF-8 from byte {} on", error.valid_up_to()))
}

/// The reason to refuse a record without bytes.
pub(super) fn no_bytes() -> Reason {
    Reason::new("null", "the record has no value")
}

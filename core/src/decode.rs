//! The role that turns raw columns into typed ones.

use std::sync::Arc;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;

use crate::dead_letter::Reason;
use crate::probe::{Halted, Probed};

/// Turns the raw columns of a slice into typed ones. It is pure and runs on worker threads, for
/// several slices at once.
pub trait Decode: Send + Sync {
    /// The schema of what comes out, if it is known before the first record.
    fn schema(&self) -> Option<SchemaRef>;

    /// What has to be fetched before records can be decoded; `None` if the records are enough.
    fn prepare(&self) -> Option<&dyn Prepare> {
        None
    }

    /// Decodes the records of one slice. A record that cannot be decoded is listed in
    /// [`Decoded::rejected`] and never takes its neighbours with it.
    ///
    /// # Errors
    /// Only if the columns themselves are not what this decoder was made for: a mistake in the
    /// program or the configuration, never in a record.
    fn decode(&self, records: &RecordBatch) -> Result<Decoded, String>;

    /// The raw columns that [`decode`](Decode::decode) takes, so that a record whose bytes were
    /// kept in a dead letter can be decoded once more; `None` if records have no bytes.
    fn raw(&self) -> Option<RawColumns> {
        None
    }
}

/// What a decoder fetches from elsewhere before it can decode: the schemas of a registry, say.
#[async_trait]
pub trait Prepare: Send + Sync {
    /// Returns when all that decoding these records needs is at hand, or is known not to exist.
    /// The engine calls it before each [`decode`](Decode::decode), so it answers at once when
    /// nothing is missing.
    ///
    /// # Errors
    /// Why it cannot be fetched now. It is tried again, with back-off, until it can, and the
    /// pipeline waits meanwhile.
    async fn prepare(&self, records: &RecordBatch) -> Result<(), String>;

    /// Looks step by step whether it can be fetched, and changes nothing there.
    ///
    /// # Errors
    /// A step failed.
    async fn probe(&self, _: &mut Probed) -> Result<(), Halted> {
        Ok(())
    }
}

/// The raw columns that a decoder takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawColumns {
    /// The columns.
    pub schema: SchemaRef,
    /// The index of the column with the bytes of a record, a column of type `Binary`.
    pub value: usize,
}

/// What a decoder made of one slice.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// The rows that could be decoded.
    pub columns: RecordBatch,
    /// For each row the index of the record it came from; `None` if one to one.
    pub rows: Option<UInt32Array>,
    /// The records that could not be decoded, by ascending index.
    pub rejected: Vec<(u32, Reason)>,
}

/// The decoder of sources whose columns are typed already.
#[derive(Clone, Debug, Default)]
pub struct AsIs {
    /// The schema, if it is known before the first record.
    pub schema: Option<SchemaRef>,
}

impl AsIs {
    /// A decoder of columns with this schema.
    #[must_use]
    pub fn shared(schema: Option<SchemaRef>) -> Arc<dyn Decode> {
        Arc::new(Self { schema })
    }
}

impl Decode for AsIs {
    fn schema(&self) -> Option<SchemaRef> {
        self.schema.clone()
    }

    fn decode(&self, records: &RecordBatch) -> Result<Decoded, String> {
        Ok(Decoded { columns: records.clone(), rows: None, rejected: Vec::new() })
    }
}

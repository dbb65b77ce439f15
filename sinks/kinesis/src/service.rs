//! What takes records.

use std::sync::Arc;

use async_trait::async_trait;
use forebay_clients::aws::Failure;

/// A record on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) key: Arc<str>,
    pub(crate) hash: Option<String>,
    pub(crate) data: Vec<u8>,
}

impl Record {
    /// The bytes that count against the service's limits.
    pub(crate) fn size(&self) -> usize {
        self.key.len() + self.data.len()
    }
}

/// A stream, as far as writing goes: the service itself, or a scripted one in tests.
#[async_trait]
pub(crate) trait Service: Send + Sync + 'static {
    /// Whether there is such a stream, and it takes records.
    async fn look(&self) -> Result<(), Failure>;

    /// Offers records; says of each why it was not taken, if it was not.
    async fn put(&self, records: &[&Record]) -> Result<Vec<Option<Failure>>, Failure>;
}

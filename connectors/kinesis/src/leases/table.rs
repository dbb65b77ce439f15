//! What is asked of the table.

use async_trait::async_trait;
use forebay_clients::aws::Failure;
use forebay_core::SplitId;

use super::lease::{Lease, Mark};

/// The table of leases: DynamoDB's, or one in memory in tests.
///
/// Every change of a lease is bound to the counter and the owner that were seen, and counts up; one
/// that comes too late fails with [`Meaning::Condition`](forebay_clients::aws::Meaning::Condition)
/// and changes nothing.
#[async_trait]
pub(crate) trait Table: Send + Sync + 'static {
    /// Makes the table, if there is none and that is wanted.
    async fn prepare(&self) -> Result<(), Failure>;

    /// All leases.
    async fn scan(&self) -> Result<Vec<Lease>, Failure>;

    /// One lease, if it is there.
    async fn get(&self, shard: &SplitId) -> Result<Option<Lease>, Failure>;

    /// Adds a lease that nobody holds; says whether it was not there yet.
    async fn create(&self, lease: &Lease) -> Result<bool, Failure>;

    /// Makes `me` the owner of a lease that was seen so.
    async fn take(&self, seen: &Lease, me: &str) -> Result<(), Failure>;

    /// Shows that its owner lives.
    async fn renew(&self, shard: &SplitId, me: &str, counter: u64) -> Result<(), Failure>;

    /// Keeps how far the shard was read.
    async fn keep(
        &self,
        shard: &SplitId,
        me: &str,
        counter: u64,
        mark: &Mark,
    ) -> Result<(), Failure>;

    /// Keeps which shards come after this one, whoever holds it.
    async fn adopt(&self, shard: &SplitId, children: &[SplitId]) -> Result<(), Failure>;

    /// Lets a lease go that `me` holds.
    async fn let_go(&self, shard: &SplitId, me: &str) -> Result<(), Failure>;

    /// Removes a lease that was seen so.
    async fn delete(&self, seen: &Lease) -> Result<(), Failure>;
}

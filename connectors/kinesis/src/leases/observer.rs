//! Which leases are free, as far as one can see.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use forebay_core::SplitId;
use tokio::time::Instant;

use super::lease::Lease;

/// What was seen of each lease, and since when. Clocks of others are never looked at: a lease is
/// free when its counter has stood still for so long by this one, since it was first seen so.
#[derive(Debug, Default)]
pub(crate) struct Observer {
    seen: BTreeMap<SplitId, Seen>,
}

#[derive(Debug)]
struct Seen {
    counter: u64,
    owner: Option<String>,
    since: Instant,
}

impl Observer {
    /// Takes notice of the table, which answered at `now`.
    pub(crate) fn see(&mut self, leases: &[Lease], now: Instant) {
        let there: BTreeSet<&SplitId> = leases.iter().map(|lease| &lease.shard).collect();
        self.seen.retain(|shard, _| there.contains(shard));
        for lease in leases {
            let is_known = self
                .seen
                .get(&lease.shard)
                .is_some_and(|seen| seen.counter == lease.counter && seen.owner == lease.owner);
            if !is_known {
                let (counter, owner) = (lease.counter, lease.owner.clone());
                self.seen.insert(lease.shard.clone(), Seen { counter, owner, since: now });
            }
        }
    }

    /// For how long nothing has become of a lease.
    pub(crate) fn stood(&self, lease: &Lease, now: Instant) -> Duration {
        let seen = self.seen.get(&lease.shard);
        seen.map_or(Duration::ZERO, |seen| now.saturating_duration_since(seen.since))
    }

    /// Whether nobody holds it.
    pub(crate) fn is_free(&self, lease: &Lease, now: Instant, failover: Duration) -> bool {
        lease.owner.is_none() || self.stood(lease, now) > failover
    }
}

//! Shards of a stream that was split and merged.

use forebay_core::split::SplitId;

use crate::aggregate::HashRange;
use crate::service::Shard;

pub(crate) fn shard(id: &str, parents: &[&str], is_closed: bool) -> Shard {
    let parents = parents.iter().map(|id| SplitId::from(*id)).collect();
    Shard { id: id.into(), parents, hashes: HashRange::ALL, is_closed }
}

/// A shard that was split, and one of its halves merged with a third.
pub(crate) fn stream() -> Vec<Shard> {
    vec![
        shard("a", &[], true),
        shard("b", &[], true),
        shard("a1", &["a"], false),
        shard("a2", &["a"], true),
        shard("a2b", &["a2", "b"], false),
    ]
}

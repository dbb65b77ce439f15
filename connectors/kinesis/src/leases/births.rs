//! Which leases are missing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use forebay_core::SplitId;
use tokio::time::Instant;

use super::lease::{Lease, Mark};
use crate::family::{Begin, Family};
use crate::service::Shard;

/// Leases that are missing, and since when.
///
/// An empty table is filled at once, from where reading is to begin. Later a shard has its lease
/// from whoever read its parents to their end. One that nobody gave a lease (a worker died on the
/// way, or fills an empty table just now) gets it when it has been missing for some time, and is
/// read from its oldest record on, so that nothing is passed over.
#[derive(Debug, Default)]
pub(crate) struct Births {
    holes: BTreeMap<SplitId, Instant>,
}

impl Births {
    /// The leases to add now to those that there are.
    pub(crate) fn due(
        &mut self,
        begin: &Begin,
        leases: &[Lease],
        listing: &[Shard],
        now: Instant,
        patience: Duration,
    ) -> Vec<Lease> {
        let missing = missing(begin, leases, listing);
        let is_empty = leases.is_empty();
        self.holes.retain(|shard, _| missing.iter().any(|lease| lease.shard == *shard));
        let is_due = |lease: &Lease| {
            let since = *self.holes.entry(lease.shard.clone()).or_insert(now);
            is_empty || now.saturating_duration_since(since) >= patience
        };
        missing.into_iter().filter(is_due).collect()
    }
}

fn missing(begin: &Begin, leases: &[Lease], listing: &[Shard]) -> Vec<Lease> {
    let ids = |is_over: bool| {
        let some = leases.iter().filter(move |lease| lease.is_over() == is_over);
        some.map(|lease| lease.shard.clone())
    };
    let open: BTreeSet<SplitId> = ids(false).collect();
    let over: Vec<SplitId> = ids(true).collect();
    // A shard whose children have leases was read by somebody, who removed its own.
    let family = Family::new(begin.clone(), listing, &open, &over);
    let mark = if leases.is_empty() { Mark::first(begin) } else { Mark::TrimHorizon };
    let is_missing =
        |shard: &&Shard| !open.contains(&shard.id) && family.member(&shard.id).is_some();
    let missing = listing.iter().filter(is_missing);
    missing.map(|shard| Lease::new(shard, mark.clone())).collect()
}

/// The leases to add before the end of a shard is kept: those of its children, and of other shards
/// that the same children come from. Then the children themselves.
///
/// # Errors
/// What is wrong with the listing, which is to be looked at again.
pub(crate) fn of_end(
    shard: &SplitId,
    listing: &[Shard],
) -> Result<(Vec<Lease>, Vec<SplitId>), String> {
    let children: Vec<&Shard> = listing.iter().filter(|it| it.parents.contains(shard)).collect();
    if children.is_empty() && listing.iter().any(|known| known.id == *shard) {
        return Err(format!("`{shard}` ended, and what comes after it is not listed yet"));
    }
    let parents: BTreeSet<&SplitId> = children.iter().flat_map(|child| &child.parents).collect();
    let others = listing.iter().filter(|it| it.id != *shard && parents.contains(&it.id));
    let due = others.chain(children.iter().copied());
    let leases = due.map(|shard| Lease::new(shard, Mark::TrimHorizon)).collect();
    Ok((leases, children.into_iter().map(|child| child.id.clone()).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::stream::stream;

    fn leases(marks: &[(&str, Mark)]) -> Vec<Lease> {
        let all = stream();
        let lease = |(id, mark): &(&str, Mark)| {
            let shard = all.iter().find(|it| it.id.as_str() == *id).unwrap();
            Lease::new(shard, mark.clone())
        };
        marks.iter().map(lease).collect()
    }

    fn told(leases: &[Lease]) -> Vec<String> {
        leases.iter().map(|it| format!("{} {}", it.shard, it.mark.attributes().0)).collect()
    }

    #[test]
    fn an_empty_table_is_filled_at_once_from_where_reading_begins() {
        let now = Instant::now();
        let fill = |begin: &Begin| {
            told(&Births::default().due(begin, &[], &stream(), now, Duration::from_secs(10)))
        };
        assert_eq!(fill(&Begin::Latest(5)), ["a1 LATEST", "a2b LATEST"]);
        assert_eq!(fill(&Begin::TrimHorizon).len(), 5);
        assert_eq!(fill(&Begin::Timestamp(5))[0], "a AT_TIMESTAMP");
    }

    #[test]
    fn what_is_missing_later_is_waited_for_and_then_read_whole() {
        let (mut births, now) = (Births::default(), Instant::now());
        let patience = Duration::from_secs(10);
        let some = leases(&[("a1", Mark::Latest(None))]);
        let mut due = |leases: &[Lease], after: u64| {
            let now = now + Duration::from_secs(after);
            told(&births.due(&Begin::Latest(5), leases, &stream(), now, patience))
        };
        assert!(due(&some, 0).is_empty() && due(&some, 9).is_empty());
        // Its parent was read by somebody, who removed the lease; the others are not known.
        let expected = ["b TRIM_HORIZON", "a2 TRIM_HORIZON", "a2b TRIM_HORIZON"];
        assert_eq!(due(&some, 10), expected);
        // Another worker filled the table meanwhile.
        let all = leases(&[("a1", Mark::Latest(None)), ("a2b", Mark::Latest(None))]);
        assert!(due(&all, 11).is_empty());
    }

    #[test]
    fn the_end_of_a_shard_gives_leases_to_what_comes_after_it() {
        let (leases, children) = of_end(&"a".into(), &stream()).unwrap();
        assert_eq!(told(&leases), ["a1 TRIM_HORIZON", "a2 TRIM_HORIZON"]);
        assert_eq!(children, ["a1".into(), "a2".into()]);
        // Both parents of a merge have leases before the child has one.
        let (leases, children) = of_end(&"b".into(), &stream()).unwrap();
        assert_eq!(told(&leases), ["a2 TRIM_HORIZON", "a2b TRIM_HORIZON"]);
        assert_eq!(children, ["a2b".into()]);
        assert!(of_end(&"a1".into(), &stream()).unwrap_err().contains("not listed yet"));
        assert_eq!(of_end(&"gone".into(), &stream()), Ok((Vec::new(), Vec::new())));
    }
}

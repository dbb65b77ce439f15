//! Which shards came from which, and which of them may be read.

use std::collections::{BTreeMap, BTreeSet};

use forebay_core::SplitId;

use crate::aggregate::HashRange;
use crate::place::{Place, Sequence};
use crate::service::Shard;

/// Where reading begins while nothing is known of a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    /// With the oldest record.
    TrimHorizon,
    /// With what arrives from this time on, which is when the source first connected.
    Latest(i64),
    /// With what arrived at this time or later.
    Timestamp(i64),
    /// With these records.
    Sequences(BTreeMap<SplitId, Sequence>),
}

/// The shards of a stream. A pure state machine: it asks nobody.
#[derive(Debug)]
pub(crate) struct Family {
    begin: Begin,
    members: BTreeMap<SplitId, Member>,
    /// Shards that were read to their end, and that is committed.
    finished: BTreeSet<SplitId>,
    /// Shards that are not read at all: they ended before reading begins.
    passed: BTreeSet<SplitId>,
    /// What the service listed last.
    listed: BTreeSet<SplitId>,
}

/// A shard that is read, now or later.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    parents: Vec<SplitId>,
    pub(crate) hashes: HashRange,
    /// Where reading begins while no position is known.
    pub(crate) start: Place,
}

impl Family {
    /// The shards that are listed when a source connects. `known` are those of which positions
    /// are known, `finished` those that were read to their end.
    pub(crate) fn new(
        begin: Begin,
        listing: &[Shard],
        known: &BTreeSet<SplitId>,
        finished: &[SplitId],
    ) -> Self {
        let mut family = Self {
            begin,
            members: BTreeMap::new(),
            finished: finished.iter().cloned().collect(),
            passed: BTreeSet::new(),
            listed: BTreeSet::new(),
        };
        family.passed = family.passed_at_start(listing, known);
        let is_fresh = known.is_empty() && finished.is_empty();
        for shard in listing {
            let start = family.start_of(shard, is_fresh);
            family.add(shard, start);
        }
        family.listed = listing.iter().map(|shard| shard.id.clone()).collect();
        family
    }

    /// Shards that ended before reading begins.
    fn passed_at_start(&self, listing: &[Shard], known: &BTreeSet<SplitId>) -> BTreeSet<SplitId> {
        let is_fresh = known.is_empty() && self.finished.is_empty();
        let parents: BTreeMap<&SplitId, &[SplitId]> =
            listing.iter().map(|shard| (&shard.id, &*shard.parents)).collect();
        let ancestors = |of: Vec<&SplitId>| {
            let (mut found, mut open) = (BTreeSet::new(), of);
            while let Some(shard) = open.pop() {
                for parent in parents.get(shard).copied().unwrap_or_default() {
                    if found.insert(parent.clone()) {
                        open.push(parent);
                    }
                }
            }
            found
        };
        let mut passed = match (&self.begin, is_fresh) {
            (Begin::Latest(_), true) => {
                let closed = listing.iter().filter(|shard| shard.is_closed);
                closed.map(|shard| shard.id.clone()).collect()
            }
            (Begin::Sequences(sequences), _) => ancestors(sequences.keys().collect()),
            _ => BTreeSet::new(),
        };
        if !is_fresh {
            // Children are read behind their parents: who reads the child had no more to do with
            // the parent.
            passed.extend(ancestors(known.iter().chain(&self.finished).collect()));
        }
        passed.retain(|shard| !known.contains(shard) && !self.finished.contains(shard));
        passed
    }

    fn start_of(&self, shard: &Shard, is_fresh: bool) -> Place {
        match &self.begin {
            // What arose later than the start is read from its first record on.
            Begin::Latest(now) if is_fresh => Place::Timestamp(*now),
            Begin::TrimHorizon | Begin::Latest(_) => Place::TrimHorizon,
            Begin::Timestamp(millis) => Place::Timestamp(*millis),
            Begin::Sequences(sequences) => {
                sequences.get(&shard.id).cloned().map_or(Place::TrimHorizon, Place::At)
            }
        }
    }

    fn add(&mut self, shard: &Shard, start: Place) -> bool {
        let is_done = self.finished.contains(&shard.id) || self.passed.contains(&shard.id);
        if is_done || self.members.contains_key(&shard.id) {
            return false;
        }
        let parents = shard.parents.clone();
        let member = Member { parents, hashes: shard.hashes, start };
        self.members.insert(shard.id.clone(), member);
        true
    }

    /// Learns of the shards that there are now.
    pub(crate) fn learn(&mut self, listing: &[Shard]) {
        self.listed = listing.iter().map(|shard| shard.id.clone()).collect();
        self.learn_children(listing);
    }

    /// Learns of shards that come after one which ended.
    pub(crate) fn learn_children(&mut self, children: &[Shard]) {
        for shard in children {
            let start = self.start_of(shard, false);
            if self.add(shard, start) {
                tracing::info!(shard = %shard.id, "a shard was added");
            }
            self.listed.insert(shard.id.clone());
        }
    }

    /// The shards that are read now or later.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&SplitId, &Member)> {
        self.members.iter()
    }

    /// A shard that is read now or later.
    pub(crate) fn member(&self, shard: &SplitId) -> Option<&Member> {
        self.members.get(shard)
    }

    /// Whether it may be read: what stood before it in its parents is read and committed, or is
    /// not there any more.
    pub(crate) fn is_ready(&self, shard: &SplitId) -> bool {
        let member = self.members.get(shard);
        member.is_some_and(|it| it.parents.iter().all(|parent| !self.members.contains_key(parent)))
    }

    /// Whether the service lists it.
    pub(crate) fn is_listed(&self, shard: &SplitId) -> bool {
        self.listed.contains(shard)
    }

    /// It was read to its end, and that is committed.
    pub(crate) fn finish(&mut self, shard: &SplitId) {
        if self.members.remove(shard).is_some() {
            self.finished.insert(shard.clone());
        }
    }

    /// It is not there any more, and what was not read of it is given up.
    pub(crate) fn give_up(&mut self, shard: &SplitId) {
        self.members.remove(shard);
        self.passed.insert(shard.clone());
    }

    /// Finished shards that cannot come again, each once: the service lists them no more.
    pub(crate) fn forget(&mut self) -> Vec<SplitId> {
        let gone: Vec<SplitId> = self.finished.difference(&self.listed).cloned().collect();
        for shard in &gone {
            self.finished.remove(shard);
        }
        self.passed.retain(|shard| self.listed.contains(shard));
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::stream::{shard, stream};

    fn ids(ids: &[&str]) -> Vec<SplitId> {
        ids.iter().map(|id| SplitId::from(*id)).collect()
    }

    fn family(begin: Begin, known: &[&str], finished: &[&str]) -> Family {
        let known = ids(known).into_iter().collect();
        Family::new(begin, &stream(), &known, &ids(finished))
    }

    fn members(family: &Family) -> Vec<String> {
        let told = family.members().map(|(id, member)| {
            let mark = if family.is_ready(id) { "" } else { " waits" };
            format!("{id} {}{mark}", member.start)
        });
        told.collect()
    }

    #[test]
    fn children_wait_for_the_commit_of_their_parents() {
        let mut family = family(Begin::TrimHorizon, &[], &[]);
        let start = "0/TRIM_HORIZON";
        assert_eq!(
            members(&family),
            [
                format!("a {start}"),
                format!("a1 {start} waits"),
                format!("a2 {start} waits"),
                format!("a2b {start} waits"),
                format!("b {start}")
            ]
        );
        family.finish(&"a".into());
        family.finish(&"b".into());
        let ready: Vec<&str> = family
            .members()
            .map(|(id, _)| id)
            .filter(|id| family.is_ready(id))
            .map(SplitId::as_str)
            .collect();
        // One parent of a merge is not enough.
        assert_eq!(ready, ["a1", "a2"]);
        family.finish(&"a2".into());
        assert!(family.is_ready(&"a2b".into()));
    }

    #[test]
    fn latest_passes_over_what_has_ended_and_reads_what_comes_later_whole() {
        let mut family = family(Begin::Latest(5), &[], &[]);
        assert_eq!(members(&family), ["a1 0/AT_TIMESTAMP/5", "a2b 0/AT_TIMESTAMP/5"]);
        family.learn_children(&[shard("a1x", &["a1"], false)]);
        assert!(!family.is_ready(&"a1x".into()));
        family.finish(&"a1".into());
        assert!(family.is_ready(&"a1x".into()));
        assert_eq!(family.member(&"a1x".into()).unwrap().start, Place::TrimHorizon);
    }

    #[test]
    fn a_restart_goes_on_where_it_was_and_misses_no_child() {
        // It read a2 when it stopped; a1 had no record yet; a and b had ended before it began.
        let family = family(Begin::Latest(9), &["a2"], &[]);
        assert_eq!(
            members(&family),
            [
                "a1 0/TRIM_HORIZON",
                "a2 0/TRIM_HORIZON",
                "a2b 0/TRIM_HORIZON waits",
                "b 0/TRIM_HORIZON"
            ]
        );
    }

    #[test]
    fn sequence_numbers_pass_over_the_parents_of_their_shards() {
        let at = BTreeMap::from([(SplitId::from("a2"), "77".parse().unwrap())]);
        let family = family(Begin::Sequences(at), &[], &[]);
        assert_eq!(
            members(&family),
            [
                "a1 0/TRIM_HORIZON",
                "a2 0/AT_SEQUENCE_NUMBER/77",
                "a2b 0/TRIM_HORIZON waits",
                "b 0/TRIM_HORIZON"
            ]
        );
    }

    #[test]
    fn what_is_finished_is_forgotten_when_the_service_has_forgotten_it() {
        let mut family = family(Begin::TrimHorizon, &["a1"], &["a", "b"]);
        assert!(family.forget().is_empty());
        let rest: Vec<Shard> =
            stream().into_iter().filter(|shard| shard.id.as_str() != "a").collect();
        family.learn(&rest);
        assert_eq!(family.forget(), ids(&["a"]));
        assert!(family.forget().is_empty());
        assert!(!members(&family).iter().any(|it| it.starts_with("a ")));
    }
}

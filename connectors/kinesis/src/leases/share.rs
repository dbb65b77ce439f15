//! Which leases to take, and how many to leave to others.
//!
//! The rules of the Kinesis Client Library 2, so that both can share a table
//! ([DynamoDBLeaseTaker](https://github.com/awslabs/amazon-kinesis-client/blob/v2.7.2/amazon-kinesis-client/src/main/java/software/amazon/kinesis/leases/dynamodb/DynamoDBLeaseTaker.java)):
//! each worker has its share, rounded up; what is free is taken first; who has less than its share
//! then takes one from whoever has most; what has been free for long is taken by anybody. Leaving
//! is ours alone: who has more than its share lets go of it by itself, drained and committed,
//! instead of waiting until somebody takes it in the midst of reading.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::lease::Lease;
use super::observer::Observer;

/// How many times the failover a lease has been free until anybody takes it.
const OLD: u32 = 3;

/// The table at a look, and who looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) leases: &'a [Lease],
    pub(crate) observer: &'a Observer,
    pub(crate) me: &'a str,
    /// Leases that this worker holds, at most.
    pub(crate) most: usize,
    /// Whether it may take from somebody who holds a lease.
    pub(crate) may_steal: bool,
    pub(crate) now: Instant,
    pub(crate) failover: Duration,
}

/// What to do.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice<'a> {
    /// Leases to take that nobody holds.
    pub(crate) free: Vec<&'a Lease>,
    /// A lease to take from somebody who holds it.
    pub(crate) stolen: Option<&'a Lease>,
    /// How many of its own this worker leaves to others.
    pub(crate) leave: usize,
}

impl<'a> Scene<'a> {
    /// What to do now. `chance` is uniform in `[0, 1)`.
    pub(crate) fn choose(&self, chance: f64) -> Choice<'a> {
        let open: Vec<&Lease> = self.leases.iter().filter(|lease| !lease.is_over()).collect();
        let is_free = |lease: &&Lease| self.observer.is_free(lease, self.now, self.failover);
        let (free, held): (Vec<&Lease>, Vec<&Lease>) = open.iter().copied().partition(is_free);
        let mut by_owner: BTreeMap<&str, Vec<&Lease>> = BTreeMap::from([(self.me, Vec::new())]);
        for lease in held {
            by_owner.entry(lease.owner.as_deref().unwrap_or_default()).or_default().push(lease);
        }
        let mine = by_owner.get(self.me).map_or(0, Vec::len);
        let is_old = |lease: &&Lease| self.observer.stood(lease, self.now) > OLD * self.failover;
        let old: Vec<&Lease> = free.iter().copied().filter(is_old).collect();
        let room = self.most.saturating_sub(mine);
        if !old.is_empty() && room > 0 {
            return Choice { free: some(&old, room, chance), ..Choice::default() };
        }
        let share = open.len().div_ceil(by_owner.len()).min(self.most);
        let wanted = share.saturating_sub(mine);
        if !free.is_empty() {
            return Choice { free: some(&free, wanted, chance), ..Choice::default() };
        }
        if wanted == 0 {
            return Choice { leave: mine.saturating_sub(share), ..Choice::default() };
        }
        if !self.may_steal {
            return Choice::default();
        }
        let others = by_owner.iter().filter(|(owner, _)| **owner != self.me);
        let Some((_, richest)) = others.max_by_key(|(_, leases)| leases.len()) else {
            return Choice::default();
        };
        let has_too_many = richest.len() > share;
        // Who lacks more than one may take from a share that is full.
        let is_poor = wanted > 1 && richest.len() == share;
        let stolen = (has_too_many || is_poor).then(|| richest[pick(richest.len(), chance)]);
        Choice { stolen, ..Choice::default() }
    }
}

/// So many of some, beginning by chance: workers that start at once do not all begin with the same.
fn some<'a>(leases: &[&'a Lease], count: usize, chance: f64) -> Vec<&'a Lease> {
    let first = pick(leases.len(), chance);
    (0..leases.len().min(count)).map(|at| leases[(first + at) % leases.len()]).collect()
}

fn pick(from: usize, chance: f64) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a short list"
    )]
    let at = (chance * from as f64) as usize;
    at.min(from.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::super::lease::Mark;
    use super::*;

    const FAILOVER: Duration = Duration::from_secs(10);

    fn lease(shard: usize, owner: &str, counter: u64) -> Lease {
        Lease {
            shard: format!("s{shard}").into(),
            owner: (!owner.is_empty()).then(|| owner.to_owned()),
            counter,
            mark: Mark::TrimHorizon,
            parents: Vec::new(),
            hashes: None,
        }
    }

    fn leases(owners: &[&str]) -> Vec<Lease> {
        owners.iter().enumerate().map(|(shard, owner)| lease(shard, owner, 1)).collect()
    }

    /// How many are free for the taking, stolen and left, in a table of these owners, of which
    /// nothing has become for so long.
    fn chosen(owners: &[&str], most: usize, after: u64) -> (usize, usize, usize) {
        let (leases, mut observer, now) = (leases(owners), Observer::default(), Instant::now());
        observer.see(&leases, now);
        let now = now + Duration::from_secs(after);
        let (leases, observer, me, failover) = (&leases[..], &observer, "me", FAILOVER);
        let may_steal = true;
        let scene = Scene { leases, observer, me, most, may_steal, now, failover };
        let choice = scene.choose(0.99);
        let timid = Scene { may_steal: false, ..scene }.choose(0.99);
        assert_eq!(timid, Choice { stolen: None, ..scene.choose(0.99) });
        (choice.free.len(), choice.stolen.iter().count(), choice.leave)
    }

    #[test]
    fn each_has_its_share() {
        let all = usize::MAX;
        for (owners, most, expected) in [
            (&[][..], all, (0, 0, 0)),
            // What is free is taken first.
            (&["", "", "", ""], all, (4, 0, 0)),
            (&["", "", "a", "a"], all, (2, 0, 0)),
            (&["", "", "", "a"], all, (2, 0, 0)),
            (&["me", "me", "", "a"], all, (0, 0, 0)),
            (&["me", "", "a", "b"], all, (1, 0, 0)),
            (&["", "", "", ""], 3, (3, 0, 0)),
            // Then one is taken from whoever has most.
            (&["a", "a", "a", "a"], all, (0, 1, 0)),
            (&["me", "a", "a", "a"], all, (0, 1, 0)),
            (&["me", "me", "a", "a"], all, (0, 0, 0)),
            (&["me", "a", "a"], all, (0, 0, 0)),
            (&["a"], all, (0, 0, 0)),
            (&["a", "a"], all, (0, 1, 0)),
            (&["a", "b", "b", "b"], all, (0, 1, 0)),
            (&["a", "a", "b", "b"], all, (0, 1, 0)),
            (&["a", "a", "b", "b"], 1, (0, 1, 0)),
            // Who has too many leaves some.
            (&["me", "me", "me", "me"], all, (0, 0, 0)),
            (&["me", "me", "me", "a"], all, (0, 0, 1)),
            (&["me", "me", "me", "me", "me", "a", "b"], all, (0, 0, 2)),
            (&["me", "me", "me", "a", ""], all, (0, 0, 0)),
            (&["me", "me"], 1, (0, 0, 1)),
        ] {
            assert_eq!(chosen(owners, most, 0), expected, "{owners:?} {most}");
        }
    }

    #[test]
    fn a_lease_whose_counter_stands_still_is_free() {
        assert_eq!(chosen(&["a", "a"], usize::MAX, 10), (0, 1, 0));
        assert_eq!(chosen(&["a", "a"], usize::MAX, 11), (2, 0, 0));
        let (mut observer, start) = (Observer::default(), Instant::now());
        observer.see(&[lease(0, "a", 1), lease(1, "a", 1)], start);
        // One was renewed.
        let leases = [lease(0, "a", 2), lease(1, "a", 1)];
        observer.see(&leases, start + Duration::from_secs(9));
        let now = start + Duration::from_secs(11);
        assert!(!observer.is_free(&leases[0], now, FAILOVER));
        assert!(observer.is_free(&leases[1], now, FAILOVER));
        // A row that was never seen may be as old as it likes.
        assert!(!observer.is_free(&lease(2, "a", 1), now, FAILOVER));
    }

    #[test]
    fn what_has_been_free_for_long_is_taken_whatever_the_share() {
        // Both others are dead, and all of theirs with them: everything is this worker's.
        assert_eq!(chosen(&["a", "a", "b"], usize::MAX, 31), (3, 0, 0));
        let leases = leases(&["me", "me", "a", ""]);
        let (mut observer, start) = (Observer::default(), Instant::now());
        observer.see(&leases, start);
        let now = start + Duration::from_secs(31);
        // These two live.
        let renewed = [lease(0, "me", 2), lease(1, "me", 2), lease(2, "a", 2), lease(3, "", 1)];
        observer.see(&renewed, now);
        let scene = |most| Scene {
            leases: &renewed,
            observer: &observer,
            me: "me",
            most,
            may_steal: true,
            now,
            failover: FAILOVER,
        };
        assert_eq!(scene(usize::MAX).choose(0.0).free, [&renewed[3]]);
        assert_eq!(scene(2).choose(0.0), Choice::default());
    }

    #[test]
    fn what_is_over_counts_for_nothing() {
        let mut all = leases(&["", "", "", ""]);
        all[0].mark = Mark::End;
        let observer = Observer::default();
        let (leases, observer, me) = (&all[..], &observer, "me");
        let (now, failover, most) = (Instant::now(), FAILOVER, usize::MAX);
        let scene = Scene { leases, observer, me, most, may_steal: true, now, failover };
        assert_eq!(scene.choose(0.5).free.len(), 3);
    }
}

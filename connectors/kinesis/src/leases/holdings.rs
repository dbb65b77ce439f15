//! The leases that this worker holds: what to write of them, and for how long to believe in them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use forebay_core::SplitId;
use tokio::time::Instant;

use super::lease::{Lease, Mark};
use super::settings::Settings;
use crate::aggregate::HashRange;
use crate::place::Place;

/// The leases that this worker holds. A pure state machine: it is told what was written and what
/// became of it, and when.
///
/// A lease is believed in for the failover time after the last renewal *was sent*, and others see
/// it stand still for as long since they *saw* that renewal: so nobody reads a shard that another
/// worker has found free. From one that was held by somebody nothing is read for that time.
#[derive(Debug)]
pub(crate) struct Holdings {
    settings: Settings,
    held: BTreeMap<SplitId, Held>,
    /// Shards that were read to their end here, and that is committed in this pipeline.
    ended: BTreeSet<SplitId>,
    generation: u64,
}

#[derive(Debug)]
struct Held {
    counter: u64,
    generation: u64,
    /// Where reading begins.
    start: Place,
    /// What the table has.
    kept: Mark,
    /// What it is to have, if that is more.
    wanted: Option<Mark>,
    end: End,
    parents: Vec<SplitId>,
    hashes: HashRange,
    /// When it was written last.
    written: Instant,
    /// Nobody else finds it free before this.
    sure_until: Instant,
    /// Somebody who lost it may read it until then.
    reads_from: Instant,
    /// Not written before this, because that failed.
    not_before: Instant,
    leaving: Leaving,
}

/// How far the end of a shard is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// It is read.
    Ahead,
    /// All was read, and that is committed.
    Committed,
    /// And what comes after it has leases.
    Born,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaving {
    /// It stays.
    No,
    /// It goes as soon as what was read is committed.
    Asked,
    /// It may go.
    Released,
}

/// Something to be written of a lease that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Write {
    pub(crate) shard: SplitId,
    /// What the table has, if nobody else wrote.
    pub(crate) counter: u64,
    pub(crate) what: What,
}

/// What is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// That its owner lives.
    Renew,
    /// How far the shard was read.
    Keep(Mark),
    /// That nobody holds it.
    LetGo,
}

/// What became of a lease after a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Became {
    /// It is held as before.
    Held,
    /// The shard is over: its end is kept.
    Over,
    /// It is nobody's.
    Free,
    /// Another worker has it.
    Lost,
}

/// How a lease came to this worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Nobody held it.
    Free,
    /// Somebody did, and may not know yet.
    Stolen,
}

/// A shard that is this worker's to read, as the source sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// It rises with every taking.
    pub(crate) generation: u64,
    /// Where reading begins.
    pub(crate) start: Place,
    pub(crate) hashes: HashRange,
    /// Whether it may be read: its parents are read to their end, and nobody else reads it.
    pub(crate) is_ready: bool,
    /// Whether it is to go when what was read is committed.
    pub(crate) is_leaving: bool,
}

impl Holdings {
    pub(crate) fn new(settings: Settings) -> Self {
        Self { settings, held: BTreeMap::new(), ended: BTreeSet::new(), generation: 0 }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether this one is there.
    pub(crate) fn has(&self, shard: &SplitId) -> bool {
        self.held.contains_key(shard)
    }

    /// A lease that was seen so was taken; that was sent, and answered, at these times.
    pub(crate) fn take(
        &mut self,
        seen: &Lease,
        manner: Manner,
        (sent, answered): (Instant, Instant),
        now_ms: i64,
    ) {
        let now = u64::try_from(now_ms).unwrap_or(0);
        self.generation = now.max(self.generation + 1);
        let failover = self.settings.failover;
        let held = Held {
            counter: seen.counter.saturating_add(1),
            generation: self.generation,
            start: seen.mark.place(&self.settings.begin, now_ms),
            kept: seen.mark.clone(),
            wanted: None,
            // What was read and committed here is not read again.
            end: if self.ended.contains(&seen.shard) { End::Committed } else { End::Ahead },
            parents: seen.parents.clone(),
            hashes: seen.hashes.unwrap_or(HashRange::ALL),
            written: sent,
            sure_until: sent + failover,
            reads_from: match manner {
                Manner::Free => sent,
                Manner::Stolen => answered + failover,
            },
            not_before: sent,
            leaving: Leaving::No,
        };
        self.held.insert(seen.shard.clone(), held);
    }

    /// What is to be written now.
    pub(crate) fn due(&self, now: Instant) -> Vec<Write> {
        let due = self.held.iter().filter_map(|(shard, held)| {
            let (what, at) = self.plan(held);
            let write = Write { shard: shard.clone(), counter: held.counter, what };
            (at.max(held.not_before) <= now).then_some(write)
        });
        due.collect()
    }

    /// What is to be written of a lease next, and when.
    fn plan(&self, held: &Held) -> (What, Instant) {
        let renewal = held.written + self.settings.between_renewals();
        match (&held.wanted, held.end, held.leaving) {
            (_, End::Born, _) => (What::Keep(Mark::End), held.written),
            (Some(mark), _, Leaving::Released) => (What::Keep(mark.clone()), held.written),
            (Some(mark), ..) => {
                let at = held.written + self.settings.commit_interval;
                (What::Keep(mark.clone()), at.min(renewal))
            }
            (None, End::Ahead, Leaving::Released) => (What::LetGo, held.written),
            (None, ..) => (What::Renew, renewal),
        }
    }

    /// When something is to be done next: written, dropped or begun to be read.
    pub(crate) fn next(&self, now: Instant) -> Option<Instant> {
        let times = self.held.values().flat_map(|held| {
            let write = self.plan(held).1.max(held.not_before);
            let reads_from = Some(held.reads_from).filter(|at| *at > now);
            [Some(write), Some(held.sure_until), reads_from].into_iter().flatten()
        });
        times.min()
    }

    /// A write that was sent at this time was done.
    pub(crate) fn done(&mut self, write: &Write, sent: Instant) -> Became {
        let failover = self.settings.failover;
        let Some(held) = self.held.get_mut(&write.shard) else { return Became::Lost };
        match &write.what {
            What::Keep(Mark::End) => {
                self.held.remove(&write.shard);
                return Became::Over;
            }
            What::LetGo => {
                self.held.remove(&write.shard);
                return Became::Free;
            }
            What::Keep(mark) => held.keep(mark),
            What::Renew => {}
        }
        held.counter = write.counter.saturating_add(1);
        (held.written, held.sure_until) = (sent, sent + failover);
        Became::Held
    }

    /// A write was refused because the lease is not as it was; `there` is what the table has.
    pub(crate) fn refused(&mut self, write: &Write, there: Option<&Lease>) -> Became {
        let Some(held) = self.held.get_mut(&write.shard) else { return Became::Lost };
        // Only the answer was lost: what is there is what this life wrote, when is not known.
        let own = there.filter(|lease| {
            lease.is_of(&self.settings.me) && lease.counter == write.counter.saturating_add(1)
        });
        let became = match own {
            Some(lease) if lease.is_over() => Became::Over,
            Some(lease) => {
                held.counter = lease.counter;
                held.keep(&lease.mark);
                return Became::Held;
            }
            None => Became::Lost,
        };
        self.held.remove(&write.shard);
        became
    }

    /// A write failed, who knows whether it was done.
    pub(crate) fn failed(&mut self, write: &Write, now: Instant) {
        let pause = (self.settings.failover / 20).min(Duration::from_secs(1));
        if let Some(held) = self.held.get_mut(&write.shard) {
            held.not_before = now + pause;
        }
    }

    /// Drops leases that others may find free by now, and says which.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<SplitId> {
        self.drop_if(|_, held| held.sure_until <= now)
    }

    /// Drops leases that others have by what the table says, and says which.
    pub(crate) fn see(&mut self, leases: &[Lease]) -> Vec<SplitId> {
        let me = self.settings.me.clone();
        let others: BTreeMap<&SplitId, u64> = leases
            .iter()
            .filter(|lease| !lease.is_of(&me))
            .map(|lease| (&lease.shard, lease.counter))
            .collect();
        // What was read before the last write here says nothing.
        self.drop_if(|shard, held| others.get(shard).is_some_and(|it| *it >= held.counter))
    }

    fn drop_if(&mut self, is_lost: impl Fn(&SplitId, &Held) -> bool) -> Vec<SplitId> {
        let lost = self.held.iter().filter(|(shard, held)| is_lost(shard, held));
        let lost: Vec<SplitId> = lost.map(|(shard, _)| shard.clone()).collect();
        self.held.retain(|shard, _| !lost.contains(shard));
        lost
    }

    /// A shard was read up to a mark under a generation, and that is committed. What does not lead
    /// further is left out.
    pub(crate) fn note(&mut self, shard: &SplitId, generation: u64, mark: Mark) {
        let Some(held) = self.held.get_mut(shard) else { return };
        if held.generation != generation || !held.furthest().is_before(&mark) {
            return;
        }
        match mark {
            Mark::End => {
                held.end = End::Committed;
                self.ended.insert(shard.clone());
            }
            mark => held.wanted = Some(mark),
        }
    }

    /// What was kept of a shard is not there any more: it is read anew.
    pub(crate) fn begin_anew(&mut self, shard: &SplitId) {
        if let Some(held) = self.held.get_mut(shard) {
            (held.kept, held.wanted) = (Mark::AtTimestamp, None);
        }
    }

    /// Shards whose end is committed, and that wait for leases of what comes after them.
    pub(crate) fn ends(&self) -> Vec<SplitId> {
        let ends = self.held.iter().filter(|(_, held)| held.end == End::Committed);
        ends.map(|(shard, _)| shard.clone()).collect()
    }

    /// What comes after a shard has leases.
    pub(crate) fn born(&mut self, shard: &SplitId) {
        if let Some(held) = self.held.get_mut(shard)
            && held.end == End::Committed
        {
            held.end = End::Born;
        }
    }

    /// So many are to go when what was read of them is committed; says which.
    pub(crate) fn leave(&mut self, count: usize) -> Vec<SplitId> {
        let leaving = self.held.values().filter(|held| held.leaving != Leaving::No).count();
        let may_go = |held: &Held| held.leaving == Leaving::No && held.end == End::Ahead;
        let some = self.held.iter_mut().filter(|(_, held)| may_go(held)).rev();
        let some = some.take(count.saturating_sub(leaving)).map(|(shard, held)| {
            held.leaving = Leaving::Asked;
            shard.clone()
        });
        some.collect()
    }

    /// What was read of a shard is committed, and it may go.
    pub(crate) fn release(&mut self, shard: &SplitId) {
        if let Some(held) = self.held.get_mut(shard) {
            held.leaving = Leaving::Released;
        }
    }

    /// All may go. An end that waits for what comes after it waits no more: the next owner finds
    /// it again.
    pub(crate) fn release_all(&mut self) {
        for held in self.held.values_mut() {
            held.leaving = Leaving::Released;
            if held.end == End::Committed {
                held.end = End::Ahead;
            }
        }
    }

    /// The shards that are this worker's to read at this time. `open` are those that are not read
    /// to their end.
    pub(crate) fn findings(
        &self,
        now: Instant,
        open: &BTreeSet<SplitId>,
    ) -> BTreeMap<SplitId, Finding> {
        let is_there = |held: &Held| {
            held.end == End::Ahead && held.leaving != Leaving::Released && now < held.sure_until
        };
        let findings = self.held.iter().filter(|(_, held)| is_there(held)).map(|(shard, held)| {
            let has_parents = held.parents.iter().any(|parent| open.contains(parent));
            let finding = Finding {
                generation: held.generation,
                start: held.start.clone(),
                hashes: held.hashes,
                is_ready: now >= held.reads_from && !has_parents,
                is_leaving: held.leaving != Leaving::No,
            };
            (shard.clone(), finding)
        });
        findings.collect()
    }
}

impl Held {
    /// The mark that leads furthest.
    fn furthest(&self) -> &Mark {
        self.wanted.as_ref().unwrap_or(&self.kept)
    }

    /// The table has this mark.
    fn keep(&mut self, mark: &Mark) {
        self.kept = mark.clone();
        self.wanted = self.wanted.take().filter(|wanted| mark.is_before(wanted));
    }
}

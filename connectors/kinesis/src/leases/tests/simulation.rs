//! Workers in simulated time, without tasks: whatever dies, stands still, or loses its answers, no
//! two believe in the lease of one shard, every shard is taken in bounded time, and no mark goes
//! back.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use forebay_core::SplitId;
use proptest::prelude::*;
use tokio::time::Instant;

use super::super::holdings::{Holdings, Manner, What, Write};
use super::super::lease::{Lease, Mark};
use super::super::observer::Observer;
use super::super::settings::Settings;
use super::super::share::Scene;
use super::memory::Rows;
use crate::aggregate::HashRange;
use crate::family::Begin;
use crate::service::Shard;

const FAILOVER: Duration = Duration::from_secs(10);
/// One step of the simulation.
const STEP: Duration = Duration::from_millis(250);

/// What happens to a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is killed, for good.
    Dies,
    /// It does nothing for so many steps, and then goes on as if nothing had been.
    Freezes(u32),
    /// It is not connected to the table for so many steps.
    IsCut(u32),
    /// Its next write is done, and it does not hear of it.
    HearsNothing,
    /// It asks, at the next look, and hears the answer so many steps later.
    IsSlow(u32),
    /// It stops, and lets all go.
    Stops,
}

/// A worker, with what its tasks would remember.
struct Worker {
    settings: Settings,
    holdings: Holdings,
    observer: Observer,
    next_look: Instant,
    next_theft: Instant,
    /// What the table was when it was looked at, until the answer comes.
    looking: Option<(Vec<Lease>, Instant)>,
    is_dead: bool,
    frozen: u32,
    cut: u32,
    is_deaf: bool,
    slow: u32,
    is_stopping: bool,
    /// Records that were read of each shard.
    read: BTreeMap<SplitId, u64>,
}

impl Worker {
    fn new(name: usize, most: usize, now: Instant) -> Self {
        let settings = Settings {
            me: format!("w{name}/1"),
            failover: FAILOVER,
            commit_interval: Duration::from_secs(1),
            most,
            begin: Begin::TrimHorizon,
        };
        Self {
            holdings: Holdings::new(settings.clone()),
            settings,
            observer: Observer::default(),
            next_look: now,
            next_theft: now,
            looking: None,
            is_dead: false,
            frozen: 0,
            cut: 0,
            is_deaf: false,
            slow: 0,
            is_stopping: false,
            read: BTreeMap::new(),
        }
    }

    fn suffer(&mut self, fate: Fate) {
        match fate {
            Fate::Dies => self.is_dead = true,
            Fate::Freezes(steps) => self.frozen = steps,
            Fate::IsCut(steps) => self.cut = steps,
            Fate::HearsNothing => self.is_deaf = true,
            Fate::IsSlow(steps) => self.slow = steps,
            Fate::Stops => self.is_stopping = true,
        }
    }

    /// What it reads now, as far as it believes.
    fn reads(&self, now: Instant) -> Vec<SplitId> {
        if self.is_dead {
            return Vec::new();
        }
        let findings = self.holdings.findings(now, &BTreeSet::new()).into_iter();
        findings.filter(|(_, it)| it.is_ready && !it.is_leaving).map(|(shard, _)| shard).collect()
    }

    fn step(&mut self, rows: &mut Rows, now: Instant, chance: f64) {
        if self.is_dead {
            return;
        }
        if self.frozen > 0 {
            self.frozen -= 1;
            return;
        }
        self.cut = self.cut.saturating_sub(1);
        // Reads one record of each shard, which is committed at once.
        for (shard, finding) in self.holdings.findings(now, &BTreeSet::new()) {
            if finding.is_leaving {
                self.holdings.release(&shard);
            } else if finding.is_ready {
                let number = match rows.leases[&shard].mark.clone() {
                    Mark::After(sequence, _) => sequence.as_str().parse().unwrap_or(0),
                    _ => 0_u64,
                };
                let read = self.read.entry(shard.clone()).or_default();
                *read = (*read).max(number) + 1;
                let mark = Mark::After(read.to_string().parse().unwrap(), 0);
                self.holdings.note(&shard, finding.generation, mark);
            }
        }
        if self.is_stopping {
            self.holdings.release_all();
        }
        self.holdings.expire(now);
        for write in self.holdings.due(now) {
            self.write(rows, &write, now);
        }
        if !self.is_stopping {
            self.look(rows, now, chance);
        }
    }

    fn write(&mut self, rows: &mut Rows, write: &Write, now: Instant) {
        if self.cut > 0 {
            return self.holdings.failed(write, now);
        }
        let (shard, me) = (&write.shard, &self.settings.me);
        let outcome = match &write.what {
            What::Renew => rows.renew(shard, me, write.counter),
            What::Keep(mark) => rows.keep(shard, me, write.counter, mark),
            What::LetGo => rows.let_go(shard, me),
        };
        // It was sent before the step, and the answer comes now.
        let sent = now - STEP;
        match outcome {
            Ok(()) if std::mem::take(&mut self.is_deaf) => self.holdings.failed(write, now),
            Ok(()) => drop(self.holdings.done(write, sent)),
            Err(_) => drop(self.holdings.refused(write, rows.leases.get(shard))),
        }
    }

    fn look(&mut self, rows: &mut Rows, now: Instant, chance: f64) {
        if self.looking.is_none() && now >= self.next_look && self.cut == 0 {
            self.next_look = now + self.settings.between_looks();
            self.looking = Some((rows.leases.values().cloned().collect(), now));
        }
        if self.slow > 0 {
            self.slow -= 1;
            return;
        }
        let Some((leases, _)) = self.looking.take_if(|(_, asked)| *asked < now) else { return };
        self.observer.see(&leases, now);
        self.holdings.see(&leases);
        let (me, most) = (&*self.settings.me, self.settings.most);
        let (leases, observer) = (&leases[..], &self.observer);
        let (may_steal, failover) = (now >= self.next_theft, FAILOVER);
        let scene = Scene { leases, observer, me, most, may_steal, now, failover };
        let choice = scene.choose(chance);
        if choice.stolen.is_some() {
            self.next_theft = now + self.settings.between_thefts();
        }
        let free = choice.free.iter().map(|lease| (*lease, Manner::Free));
        let stolen = choice.stolen.iter().map(|lease| (*lease, Manner::Stolen));
        for (lease, manner) in free.chain(stolen) {
            let there = rows.leases[&lease.shard].clone();
            let is_same = manner == Manner::Stolen && there.owner == lease.owner;
            let lease = if is_same { &there } else { lease };
            if self.cut == 0 && rows.take(lease, me).is_ok() {
                self.holdings.take(lease, manner, (now - STEP, now), 1);
            }
        }
        self.holdings.leave(choice.leave);
    }
}

struct World {
    rows: Rows,
    workers: Vec<Worker>,
    now: Instant,
    marks: BTreeMap<SplitId, Mark>,
    /// When each shard was read last.
    read: BTreeMap<SplitId, Instant>,
}

impl World {
    fn new(shards: usize, workers: usize) -> Self {
        // The clock of a machine that has run for a while.
        let now = Instant::now() + Duration::from_secs(3600);
        let mut rows = Rows::default();
        for number in 0..shards {
            let id = SplitId::from(format!("s{number}"));
            let (parents, hashes) = (Vec::new(), HashRange::ALL);
            let shard = Shard { id: id.clone(), parents, hashes, is_closed: false };
            rows.leases.insert(id, Lease::new(&shard, Mark::TrimHorizon));
        }
        let workers = (0..workers).map(|name| Worker::new(name, usize::MAX, now)).collect();
        Self { rows, workers, now, marks: BTreeMap::new(), read: BTreeMap::new() }
    }

    /// One step, and what must hold after it.
    fn step(&mut self, chance: f64) -> Result<(), TestCaseError> {
        self.now += STEP;
        for worker in &mut self.workers {
            worker.step(&mut self.rows, self.now, chance);
        }
        let mut readers: BTreeMap<SplitId, &str> = BTreeMap::new();
        for worker in &self.workers {
            for shard in worker.reads(self.now) {
                let other = readers.insert(shard.clone(), &worker.settings.me);
                prop_assert!(other.is_none(), "{shard}: {} and {other:?}", worker.settings.me);
            }
        }
        self.read.extend(readers.into_keys().map(|shard| (shard, self.now)));
        for (shard, lease) in &self.rows.leases {
            let before = self.marks.insert(shard.clone(), lease.mark.clone());
            let went_back = before.as_ref().is_some_and(|before| lease.mark.is_before(before));
            prop_assert!(!went_back, "{shard} went from {before:?} back to {:?}", lease.mark);
        }
        Ok(())
    }

    /// For how long a shard has not been read, that of which that is longest.
    fn unread(&self) -> Duration {
        let since = |shard| self.read.get(shard).map_or(Duration::MAX, |at| self.now - *at);
        self.rows.leases.keys().map(since).max().unwrap_or_default()
    }

    /// How many shards each living worker reads.
    fn counts(&self) -> Vec<usize> {
        let living = self.workers.iter().filter(|it| !it.is_dead && !it.is_stopping);
        living.map(|worker| worker.reads(self.now).len()).collect()
    }
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        Just(Fate::Dies),
        (1_u32..120).prop_map(Fate::Freezes),
        (1_u32..120).prop_map(Fate::IsCut),
        Just(Fate::HearsNothing),
        (1_u32..60).prop_map(Fate::IsSlow),
        Just(Fate::Stops),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nobody_reads_what_another_reads_and_nothing_is_left_unread(
        shards in 1_usize..9,
        workers in 1_usize..5,
        fates in prop::collection::vec((0_usize..4, 0_u32..80, fate()), 0..12),
        seed: u64,
    ) {
        let mut world = World::new(shards, workers + 1);
        let mut chance = fastrand::Rng::with_seed(seed);
        // Whatever happens to the others, one lives.
        for (worker, pause, fate) in fates {
            for _ in 0..pause {
                world.step(chance.f64())?;
            }
            world.workers[1 + worker % workers].suffer(fate);
        }
        // All that anybody suffers is over, and what is left of it expires.
        for _ in 0..120 {
            world.step(chance.f64())?;
        }
        // A lease expires and is found at a look; one that is taken from another, or that the
        // others do not want, is waited for.
        let bound = 3 * FAILOVER + 2 * world.workers[0].settings.between_looks() + 4 * STEP;
        for _ in 0..bound.as_millis() / STEP.as_millis() {
            world.step(chance.f64())?;
        }
        // And one after the other goes to where there are too few.
        for _ in 0..shards * 100 + 200 {
            world.step(chance.f64())?;
            prop_assert!(world.unread() <= bound, "{:?}", world.read);
        }
        let counts = world.counts();
        let most = shards.div_ceil(counts.len());
        prop_assert!(counts.iter().all(|count| *count <= most), "{counts:?} of {shards}");
        prop_assert_eq!(counts.iter().sum::<usize>(), shards);
        // At rest nothing moves.
        let owners = |world: &World| -> Vec<Option<String>> {
            world.rows.leases.values().map(|lease| lease.owner.clone()).collect()
        };
        let before = owners(&world);
        for _ in 0..400 {
            world.step(chance.f64())?;
        }
        prop_assert_eq!(owners(&world), before);
    }
}

/// A worker that stood still for longer than the failover, and whose lease went elsewhere, changes
/// nothing when it goes on.
#[test]
fn a_zombie_is_fenced() {
    let mut world = World::new(1, 2);
    let step = |world: &mut World, steps: u32| {
        (0..steps).for_each(|_| world.step(0.0).unwrap());
    };
    world.workers[1].suffer(Fate::Freezes(20));
    step(&mut world, 40);
    assert_eq!(world.counts(), [1, 0]);
    world.workers[0].suffer(Fate::Freezes(200));
    step(&mut world, 190);
    assert_eq!(world.workers[1].reads(world.now).len(), 1);
    let mark = world.rows.leases["s0"].mark.clone();
    step(&mut world, 40);
    assert_eq!(world.counts(), [0, 1]);
    assert!(mark.is_before(&world.rows.leases["s0"].mark));
}

/// A row as the table would have it is what decides when the answer to a write was lost.
#[test]
fn a_lost_answer_loses_no_lease_and_no_mark() {
    let mut world = World::new(1, 1);
    (0..20).for_each(|_| world.step(0.0).unwrap());
    let generation = |world: &World| {
        world.workers[0].holdings.findings(world.now, &BTreeSet::new())["s0"].generation
    };
    let before = generation(&world);
    for _ in 0..10 {
        world.workers[0].suffer(Fate::HearsNothing);
        (0..20).for_each(|_| world.step(0.0).unwrap());
    }
    assert_eq!(generation(&world), before);
    assert!(
        world.marks["s0"].is_before(&Mark::End) && Mark::TrimHorizon.is_before(&world.marks["s0"])
    );
}

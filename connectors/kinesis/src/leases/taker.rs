//! Looking at the table: adding leases that are missing, taking what is due, leaving what is too
//! much.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use forebay_clients::aws::{Failure, Meaning};
use forebay_core::SplitId;
use tokio::time::{Instant, sleep_until};

use super::births::{Births, of_end};
use super::board::Board;
use super::holdings::Manner;
use super::lease::Lease;
use super::observer::Observer;
use super::share::Scene;
use crate::seat::now_ms;
use crate::service::Shard;

/// Until the next look after one that failed.
const RETRY: Duration = Duration::from_secs(1);

/// The task that looks.
pub(crate) struct Taker {
    board: Arc<Board>,
    observer: Observer,
    births: Births,
    is_first: bool,
    /// Nothing is taken from others before this.
    next_theft: Instant,
    /// Leases that were left to others, and that nobody was seen to take yet.
    left: BTreeSet<SplitId>,
    /// The other workers when they did not want what was left to them.
    content: Option<BTreeSet<String>>,
}

impl Taker {
    pub(crate) fn new(board: Arc<Board>) -> Self {
        Self {
            board,
            observer: Observer::default(),
            births: Births::default(),
            is_first: true,
            next_theft: Instant::now(),
            left: BTreeSet::new(),
            content: None,
        }
    }

    /// Goes on until it is dropped.
    pub(crate) async fn run(mut self) {
        let mut next = Instant::now() + self.pause();
        loop {
            tokio::select! {
                () = sleep_until(next) => {}
                () = self.board.look.notified() => {}
            }
            if self.board.state().successor.is_some() {
                return;
            }
            let passed_on = pass_on(&self.board).await;
            let outcome = self.look().await.and(passed_on);
            next = Instant::now() + if outcome.is_ok() { self.pause() } else { RETRY };
            self.board.state().look_trouble = outcome.err().map(|failure| failure.text);
            self.board.tell();
        }
    }

    /// Until the next look.
    fn pause(&self) -> Duration {
        self.board.settings.between_looks()
    }

    /// Looks at the table and the stream, once.
    pub(crate) async fn look(&mut self) -> Result<(), Failure> {
        let board = Arc::clone(&self.board);
        let (table, settings) = (&board.table, &board.settings);
        let listing = board.shared.service.shards().await?;
        let (mut leases, mut now) = (table.scan().await?, Instant::now());
        let due = self.births.due(&settings.begin, &leases, &listing, now, settings.failover);
        let mut is_changed = !due.is_empty();
        for lease in &due {
            table.create(lease).await?;
        }
        if self.is_first {
            is_changed |= self.take_again(&leases).await?;
        }
        if is_changed {
            (leases, now) = (table.scan().await?, Instant::now());
        }
        self.is_first = false;
        self.observer.see(&leases, now);
        {
            let mut state = board.state();
            let lost = state.holdings.see(&leases);
            for lease in leases.iter().filter(|lease| lost.contains(&lease.shard)) {
                state.lose_to(&lease.shard, lease.owner.as_deref(), settings);
            }
            let open = leases.iter().filter(|lease| !lease.is_over());
            state.open = open.map(|lease| lease.shard.clone()).collect();
        }
        self.share(&leases, now).await?;
        self.count_unowned(&leases, now);
        // New ones are written soon.
        board.write.notify_one();
        self.tidy(&leases, &listing).await
    }

    fn count_unowned(&self, leases: &[Lease], now: Instant) {
        let mut state = self.board.state();
        let failover = self.board.settings.failover;
        let is_unowned = |lease: &&Lease| {
            !lease.is_over()
                && self.observer.is_free(lease, now, failover)
                && !state.holdings.has(&lease.shard)
        };
        state.unowned = leases.iter().filter(is_unowned).count() as u64;
    }

    /// Takes what an earlier life of this worker held; says whether there was such.
    async fn take_again(&self, leases: &[Lease]) -> Result<bool, Failure> {
        let settings = &self.board.settings;
        let own = leases.iter().filter(|lease| {
            let owner = lease.owner.as_deref().unwrap_or_default();
            !lease.is_over() && settings.is_other_life(owner)
        });
        let mut is_any = false;
        for lease in own.take(settings.most) {
            is_any = true;
            self.take(lease, Manner::Free).await?;
        }
        Ok(is_any)
    }

    /// Takes and leaves what is due.
    async fn share(&mut self, leases: &[Lease], now: Instant) -> Result<(), Failure> {
        let board = Arc::clone(&self.board);
        let settings = &board.settings;
        let (me, most, failover) = (&*settings.me, settings.most, settings.failover);
        let observer = &self.observer;
        let may_steal = now >= self.next_theft;
        let scene = Scene { leases, observer, me, most, may_steal, now, failover };
        let choice = scene.choose(fastrand::f64());
        let others: BTreeSet<String> = leases
            .iter()
            .filter(|lease| !lease.is_over() && !lease.is_of(me))
            .filter_map(|lease| lease.owner.clone())
            .collect();
        let is_taken = |lease: &&Lease| lease.owner.is_some() && !lease.is_of(me);
        let taken: BTreeSet<&SplitId> =
            leases.iter().filter(is_taken).map(|lease| &lease.shard).collect();
        self.left.retain(|shard| !taken.contains(shard));
        for lease in &choice.free {
            if self.left.remove(&lease.shard) {
                // Nobody wanted it, so there is no use in leaving it again to the same.
                self.content = Some(others.clone());
            }
            self.take(lease, Manner::Free).await?;
        }
        if let Some(lease) = choice.stolen {
            self.next_theft = now + settings.between_thefts();
            // Who holds it writes often: taken as it was at the look, it would hardly ever be.
            let there = board.table.get(&lease.shard).await?;
            if let Some(there) = there.filter(|it| it.owner == lease.owner && !it.is_over()) {
                self.take(&there, Manner::Stolen).await?;
            }
        }
        if choice.leave > 0 && self.content.as_ref() != Some(&others) {
            let mut state = board.state();
            let leaving = state.holdings.leave(choice.leave);
            state.left += leaving.len() as u64;
            drop(state);
            for shard in leaving {
                tracing::info!(%shard, "leaving a lease to other workers");
                self.left.insert(shard);
            }
        }
        Ok(())
    }

    async fn take(&self, lease: &Lease, manner: Manner) -> Result<(), Failure> {
        let sent = Instant::now();
        match self.board.table.take(lease, &self.board.settings.me).await {
            Ok(()) => {}
            // Somebody was faster.
            Err(failure) if failure.meaning == Meaning::Condition => return Ok(()),
            Err(failure) => return Err(failure),
        }
        let mut state = self.board.state();
        state.holdings.take(lease, manner, (sent, Instant::now()), now_ms());
        state.taken += 1;
        drop(state);
        tracing::info!(shard = %lease.shard, from = lease.owner.as_deref(), "took a lease");
        if !self.board.state().holdings.ends().is_empty() {
            self.board.look.notify_one();
        }
        Ok(())
    }

    /// Removes leases of shards that are over and that the service lists no more.
    async fn tidy(&self, leases: &[Lease], listing: &[Shard]) -> Result<(), Failure> {
        let listed: BTreeSet<&SplitId> = listing.iter().map(|shard| &shard.id).collect();
        for lease in leases.iter().filter(|it| it.is_over() && !listed.contains(&it.shard)) {
            match self.board.table.delete(lease).await {
                Err(failure) if failure.meaning != Meaning::Condition => return Err(failure),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Gives leases to what comes after shards whose end is committed, so that the end can be kept.
pub(crate) async fn pass_on(board: &Board) -> Result<(), Failure> {
    let ends = board.state().holdings.ends();
    if ends.is_empty() {
        return Ok(());
    }
    let listing = board.shared.service.shards().await?;
    for shard in ends {
        let wrong = |text| Failure::new(Meaning::Trouble, text);
        let (leases, children) = of_end(&shard, &listing).map_err(wrong)?;
        for lease in &leases {
            board.table.create(lease).await?;
        }
        match board.table.adopt(&shard, &children).await {
            // Somebody removed its lease: then its end is known.
            Err(failure) if failure.meaning != Meaning::Condition => return Err(failure),
            _ => {}
        }
        board.state().holdings.born(&shard);
        board.write.notify_one();
    }
    Ok(())
}

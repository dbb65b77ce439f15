//! A connection: the shards, and what is fetched of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use forebay_clients::aws::{Failure, Meaning};
use forebay_core::source::{Resume, SourceError};
use forebay_core::split::{SplitPhase, SplitStatus};
use forebay_core::{Position, SplitId};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use crate::aggregate::HashRange;
use crate::family::{Begin, Family};
use crate::lane::{Fault, Lane};
use crate::leases::{Keeper, Settings, Table};
use crate::loss::{ADVICE, Loss};
use crate::place::Place;
use crate::policy::OnLoss;
use crate::poller::Poller;
use crate::report::{Doing, Standing};
use crate::seat::{Seat, now_ms};
use crate::service::Shard;
use crate::shared::Shared;
use crate::sharing::Due;

/// How long connecting waits for the first answers of the shards.
const FIRST_ANSWERS: Duration = Duration::from_secs(3);
/// How long calls may fail until that is said to be trouble: most failures pass at once.
const PATIENCE: Duration = Duration::from_secs(2);

/// A connection: the shards, and what is fetched of them.
pub(crate) struct Link {
    pub(crate) shared: Arc<Shared>,
    pub(crate) family: Family,
    pub(crate) seats: BTreeMap<SplitId, Seat>,
    tasks: JoinSet<()>,
    /// What the service listed since the last look.
    news: Arc<Mutex<Option<Vec<Shard>>>>,
    on_loss: OnLoss,
    /// What says which shards are this gateway's, if they are shared.
    pub(crate) keeper: Option<Keeper>,
    /// Shards of which the engine knows that they are to go.
    pub(crate) leaving: BTreeSet<SplitId>,
}

/// How a connection is opened.
pub(crate) struct Opening {
    pub(crate) begin: Begin,
    pub(crate) on_loss: OnLoss,
    /// Time between two looks for new shards.
    pub(crate) discover: Duration,
    /// How the shards are shared, if they are.
    pub(crate) leases: Option<(Arc<dyn Table>, Settings)>,
}

impl Link {
    /// Lists the shards and begins to fetch those that may be read.
    pub(crate) async fn open(
        shared: Shared,
        opening: Opening,
        resume: &Resume,
    ) -> Result<Self, SourceError> {
        let Opening { begin, on_loss, discover, leases } = opening;
        if let Some(leases) = leases {
            return Self::share(shared, begin, on_loss, leases, resume).await;
        }
        let listing = shared.service.shards().await.map_err(|failure| unlisted(&failure))?;
        let known = resume.committed.keys().cloned().collect();
        let family = Family::new(begin, &listing, &known, &resume.finished);
        let mut link = Self::new(shared, family, on_loss);
        for (split, position) in &resume.committed {
            if link.family.member(split).is_none() {
                let place = Place::of(position)?;
                link.miss(split, &place, &Fault::Gone(String::new()))?;
            }
        }
        link.take_up(&resume.committed)?;
        let (shared, news) = (Arc::clone(&link.shared), Arc::clone(&link.news));
        link.tasks.spawn(async move { look(&shared, &news, discover).await });
        link.first_answers().await;
        Ok(link)
    }

    pub(crate) fn new(shared: Shared, family: Family, on_loss: OnLoss) -> Self {
        Self {
            shared: Arc::new(shared),
            family,
            seats: BTreeMap::new(),
            tasks: JoinSet::new(),
            news: Arc::default(),
            on_loss,
            keeper: None,
            leaving: BTreeSet::new(),
        }
    }

    /// Goes back to what is committed.
    pub(crate) fn begin_again(&mut self, resume: &Resume) -> Result<(), SourceError> {
        if self.keeper.is_some() {
            // That is noted in the seats.
            self.seats.values().for_each(|seat| seat.lane.turn_to(&seat.start));
            return Ok(());
        }
        for split in &resume.finished {
            self.finish(split);
        }
        for (split, seat) in &self.seats {
            let known = resume.committed.get(split).map(Place::of).transpose()?;
            seat.lane.turn_to(&known.unwrap_or_else(|| seat.start.clone()));
        }
        Ok(())
    }

    /// Begins to fetch the shards whose turn has come.
    fn take_up(&mut self, next: &BTreeMap<SplitId, Position>) -> Result<(), SourceError> {
        if self.keeper.is_some() {
            self.follow();
            return Ok(());
        }
        let ready: Vec<(SplitId, crate::family::Member)> = self
            .family
            .members()
            .filter(|(split, _)| !self.seats.contains_key(*split) && self.family.is_ready(split))
            .map(|(split, member)| (split.clone(), member.clone()))
            .collect();
        for (split, member) in ready {
            let known = next.get(&split).map(Place::of).transpose()?;
            let from = known.unwrap_or_else(|| member.start.clone());
            let seat = self.seat(&split, member.hashes, from, member.start);
            self.seats.insert(split, seat);
        }
        self.shared.divide(self.seats.len());
        Ok(())
    }

    /// Begins to fetch a shard.
    pub(crate) fn seat(
        &mut self,
        split: &SplitId,
        hashes: HashRange,
        from: Place,
        start: Place,
    ) -> Seat {
        let lane = Arc::new(Lane::new(split, hashes, from));
        let task = self.tasks.spawn(Poller::new(&lane, &self.shared).run());
        Seat::new(lane, task, start)
    }

    /// Waits until each shard has answered once, for some time.
    pub(crate) async fn first_answers(&self) {
        let deadline = Instant::now() + FIRST_ANSWERS;
        loop {
            let rung = self.shared.bell.notified();
            tokio::pin!(rung);
            rung.as_mut().enable();
            let is_open = self.seats.values().any(|seat| {
                let state = seat.lane.state();
                !state.is_answered && state.trouble.is_none() && state.fault.is_none()
            });
            if !is_open || timeout_at(deadline, rung).await.is_err() {
                return;
            }
        }
    }

    /// Whether a look finds something that was not there before.
    pub(crate) fn has_work(&self) -> bool {
        if let Some(keeper) = &self.keeper
            && self.is_behind(&keeper.findings())
        {
            return true;
        }
        self.seats.values().any(|seat| seat.lane.state().has_work())
            || self.news.lock().unwrap_or_else(PoisonError::into_inner).is_some()
            || (self.keeper.is_none()
                && self.family.members().any(|(split, _)| {
                    !self.seats.contains_key(split) && self.family.is_ready(split)
                }))
    }

    /// Takes notice of shards that came, and of what went wrong.
    pub(crate) async fn refresh(
        &mut self,
        next: &BTreeMap<SplitId, Position>,
    ) -> Result<(), SourceError> {
        if let Some(successor) = self.keeper.as_ref().and_then(Keeper::successor) {
            return Err(SourceError::Fatal(format!(
                "another gateway took leases of this one under its own name, as `{successor}`: \
                 give each a name of its own (leases.worker), or stop one of them"
            )));
        }
        for seat in self.seats.values() {
            let children = std::mem::take(&mut seat.lane.state().children);
            self.family.learn_children(&children);
        }
        let news = self.news.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(listing) = news {
            self.family.learn(&listing);
        }
        self.mend(next).await?;
        self.take_up(next)
    }

    /// How the shards stand, for an engine that reads each behind `next`.
    pub(crate) fn statuses(
        &mut self,
        next: &BTreeMap<SplitId, Position>,
    ) -> Result<Vec<SplitStatus>, SourceError> {
        let mut statuses = Vec::new();
        let mut standings: Vec<(String, Standing)> = Vec::new();
        self.leaving.clear();
        for Due { split, start, generation, is_leaving } in self.due() {
            let (mut status, mut standing) = match self.seats.get_mut(&split) {
                Some(seat) => {
                    let place = seat.next(next.get(&split).map(Place::of).transpose()?);
                    (seat.status(&split, &place), seat.standing())
                }
                None => waiting(&split, &start, generation),
            };
            if is_leaving {
                self.leaving.insert(split.clone());
                (status.phase, standing.doing) = (SplitPhase::Leaving, Doing::Leaves);
            }
            statuses.push(status);
            standings.push((split.to_string(), standing));
        }
        self.shared.report.stand(standings.into_iter());
        Ok(statuses)
    }

    /// What keeps all shards from being read, if something does.
    pub(crate) fn trouble(&self) -> Option<String> {
        let mut first = None;
        if let Some(keeper) = &self.keeper {
            let leases = keeper.report();
            first = leases.trouble.as_ref().map(|text| {
                format!("no lease is held, because the table of leases cannot be used: {text}")
            });
            self.shared.report.update(|state| state.leases = Some(leases));
        }
        for seat in self.seats.values() {
            let state = seat.lane.state();
            match &state.trouble {
                Some((text, since)) if state.shelf.is_empty() && since.elapsed() >= PATIENCE => {
                    first = first.or_else(|| Some(text.clone()));
                }
                _ => return None,
            }
        }
        first
    }

    /// It is read to its end, and that is committed.
    pub(crate) fn finish(&mut self, split: &SplitId) {
        if let Some(seat) = self.seats.remove(split) {
            self.family.learn_children(&std::mem::take(&mut seat.lane.state().children));
        }
        self.family.finish(split);
        self.shared.divide(self.seats.len());
        self.shared.bell.notify_waiters();
    }

    /// Judges what went wrong, and goes on as the policy wants.
    async fn mend(&mut self, next: &BTreeMap<SplitId, Position>) -> Result<(), SourceError> {
        let faults: Vec<(SplitId, Fault)> = self
            .seats
            .iter()
            .filter_map(|(split, seat)| Some((split.clone(), seat.lane.state().fault.clone()?)))
            .collect();
        if faults.iter().any(|(_, fault)| matches!(fault, Fault::Gone(_))) {
            let listing = self.shared.service.shards().await;
            self.family.learn(&listing.map_err(|failure| unlisted(&failure))?);
        }
        for (split, fault) in faults {
            let Some(seat) = self.seats.get(&split) else { continue };
            let place = seat.next(next.get(&split).map(Place::of).transpose()?);
            if matches!(fault, Fault::Gone(_)) && self.family.is_listed(&split) {
                // It is there after all.
                seat.lane.turn_to(&place);
                continue;
            }
            self.miss(&split, &place, &fault)?;
            let start = match (&fault, self.on_loss) {
                (Fault::Gone(_), _) => {
                    if let (Some(seat), Some(keeper)) = (self.seats.remove(&split), &self.keeper) {
                        keeper.note(&split, seat.lease, &Place::End);
                    }
                    continue;
                }
                (_, OnLoss::Latest) => Place::Timestamp(now_ms()),
                (_, OnLoss::Earliest | OnLoss::Fail) => Place::TrimHorizon,
            };
            if let Some(seat) = self.seats.get_mut(&split) {
                seat.begin_anew(start);
            }
            if let Some(keeper) = &self.keeper {
                keeper.begin_anew(&split);
            }
        }
        Ok(())
    }

    /// Records may be missing: stops, or says so and passes over them.
    fn miss(&mut self, split: &SplitId, place: &Place, fault: &Fault) -> Result<(), SourceError> {
        let loss = Loss { shard: split, place, fault };
        if self.on_loss == OnLoss::Fail {
            return Err(SourceError::Lost(format!("{loss}; {ADVICE}")));
        }
        self.shared.report.lost(split, loss.to_string());
        if matches!(fault, Fault::Gone(_)) {
            self.family.give_up(split);
        }
        Ok(())
    }

    /// Ends all tasks.
    pub(crate) async fn close(mut self) {
        if let Some(keeper) = self.keeper.take() {
            keeper.stop().await;
        }
        self.seats.clear();
        self.tasks.shutdown().await;
    }
}

/// A shard that waits.
fn waiting(split: &SplitId, start: &Place, generation: u64) -> (SplitStatus, Standing) {
    let start = Position::from(start);
    let (next, doing) = (start.to_string(), Doing::Waits);
    let standing = Standing { next, behind_ms: None, fetched: 0, doing };
    let status = SplitStatus {
        split: split.clone(),
        generation,
        start,
        end: None,
        backlog: None,
        oldest_ms: None,
        phase: SplitPhase::Waiting,
    };
    (status, standing)
}

/// Lists the shards now and then.
async fn look(shared: &Shared, news: &Mutex<Option<Vec<Shard>>>, every: Duration) {
    loop {
        tokio::select! {
            () = sleep(every) => {}
            () = shared.look.notified() => {}
        }
        match shared.service.shards().await {
            Ok(listing) => {
                *news.lock().unwrap_or_else(PoisonError::into_inner) = Some(listing);
                shared.bell.notify_waiters();
            }
            Err(failure) => tracing::debug!(%failure, "the shards cannot be listed now"),
        }
    }
}

pub(crate) fn unlisted(failure: &Failure) -> SourceError {
    let what = match failure.meaning {
        Meaning::Gone => "there is no such stream",
        _ => "the shards of the stream cannot be listed",
    };
    SourceError::Transient(format!("{what}: {failure}"))
}

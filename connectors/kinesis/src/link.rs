//! A connection: the shards, and what is fetched of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use forebay_clients::aws::{Failure, Meaning};
use forebay_core::source::{Resume, SourceError};
use forebay_core::split::{SplitPhase, SplitStatus};
use forebay_core::{Position, SplitId};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use crate::family::{Begin, Family};
use crate::lane::{Fault, Lane};
use crate::loss::{ADVICE, Loss};
use crate::place::Place;
use crate::policy::OnLoss;
use crate::poller::Poller;
use crate::report::{Doing, Standing};
use crate::seat::{Seat, now_ms};
use crate::service::Shard;
use crate::shared::Shared;

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
}

impl Link {
    /// Lists the shards and begins to fetch those that may be read.
    pub(crate) async fn open(
        shared: Shared,
        begin: Begin,
        on_loss: OnLoss,
        discover: Duration,
        resume: &Resume,
    ) -> Result<Self, SourceError> {
        let listing = shared.service.shards().await.map_err(|failure| unlisted(&failure))?;
        let known = resume.committed.keys().cloned().collect();
        let family = Family::new(begin, &listing, &known, &resume.finished);
        let mut link = Self {
            shared: Arc::new(shared),
            family,
            seats: BTreeMap::new(),
            tasks: JoinSet::new(),
            news: Arc::default(),
            on_loss,
        };
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

    /// Goes back to what is committed.
    pub(crate) fn begin_again(&mut self, resume: &Resume) -> Result<(), SourceError> {
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
        let ready: Vec<(SplitId, crate::family::Member)> = self
            .family
            .members()
            .filter(|(split, _)| !self.seats.contains_key(*split) && self.family.is_ready(split))
            .map(|(split, member)| (split.clone(), member.clone()))
            .collect();
        for (split, member) in ready {
            let known = next.get(&split).map(Place::of).transpose()?;
            let from = known.unwrap_or_else(|| member.start.clone());
            let lane = Arc::new(Lane::new(&split, member.hashes, from));
            let task = self.tasks.spawn(Poller::new(&lane, &self.shared).run());
            self.seats.insert(split, Seat::new(lane, task, member.start));
        }
        self.shared.divide(self.seats.len());
        Ok(())
    }

    /// Waits until each shard has answered once, for some time.
    async fn first_answers(&self) {
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
        self.seats.values().any(|seat| seat.lane.state().has_work())
            || self.news.lock().unwrap_or_else(PoisonError::into_inner).is_some()
            || self
                .family
                .members()
                .any(|(split, _)| !self.seats.contains_key(split) && self.family.is_ready(split))
    }

    /// Takes notice of shards that came, and of what went wrong.
    pub(crate) async fn refresh(
        &mut self,
        next: &BTreeMap<SplitId, Position>,
    ) -> Result<(), SourceError> {
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
        for (split, member) in self.family.members() {
            let Some(seat) = self.seats.get_mut(split) else {
                let start = Position::from(&member.start);
                let standing = Standing {
                    next: start.to_string(),
                    behind_ms: None,
                    fetched: 0,
                    doing: Doing::Waits,
                };
                standings.push((split.to_string(), standing));
                statuses.push(SplitStatus {
                    split: split.clone(),
                    generation: 0,
                    start,
                    end: None,
                    backlog: None,
                    oldest_ms: None,
                    phase: SplitPhase::Waiting,
                });
                continue;
            };
            let place = seat.next(next.get(split).map(Place::of).transpose()?);
            statuses.push(seat.status(split, &place));
            standings.push((split.to_string(), seat.standing()));
        }
        self.shared.report.stand(standings.into_iter());
        Ok(statuses)
    }

    /// What keeps all shards from being read, if something does.
    pub(crate) fn trouble(&self) -> Option<String> {
        let mut first = None;
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
                    self.seats.remove(&split);
                    continue;
                }
                (_, OnLoss::Latest) => Place::Timestamp(now_ms()),
                (_, OnLoss::Earliest | OnLoss::Fail) => Place::TrimHorizon,
            };
            if let Some(seat) = self.seats.get_mut(&split) {
                seat.begin_anew(start);
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
        self.seats.clear();
        self.tasks.shutdown().await;
    }
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

fn unlisted(failure: &Failure) -> SourceError {
    let what = match failure.meaning {
        Meaning::Gone => "there is no such stream",
        _ => "the shards of the stream cannot be listed",
    };
    SourceError::Transient(format!("{what}: {failure}"))
}

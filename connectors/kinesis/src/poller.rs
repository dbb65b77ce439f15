//! Fetching one shard, over and over.

use std::sync::Arc;
use std::time::Duration;

use forebay_clients::aws::{Failure, Meaning};
use tokio::time::{Instant, sleep, sleep_until};

use crate::aggregate::Aggregate;
use crate::lane::{Fault, Lane, Reach, State};
use crate::pace::BACKOFF;
use crate::place::{Place, Sequence};
use crate::service::{From, Reply, Subscription};
use crate::shared::Shared;

/// How long an iterator is used: the service forgets it after five minutes.
const ITERATOR_LIFE: Duration = Duration::from_secs(240);
/// Answers in a row that must do without a record until it is believed to be gone.
const BELIEVED: u32 = 3;
/// The bytes of a record that was not seen yet.
const GUESS: usize = 1024;

/// Fetches one shard: waits while the shelf is full, follows when it is turned.
pub(crate) struct Poller {
    pub(crate) lane: Arc<Lane>,
    pub(crate) shared: Arc<Shared>,
    turn: u64,
    /// Where reading began.
    pub(crate) from: Place,
    /// What is pushed, where it is.
    pub(crate) subscription: Option<Box<dyn Subscription>>,
    /// Behind what the next subscription begins, if there was one.
    pub(crate) continuation: Option<Sequence>,
    /// When the last one was asked for.
    pub(crate) subscribed: Option<Instant>,
    iterator: Option<(String, Instant)>,
    /// The last record that was fetched.
    last: Option<Sequence>,
    /// Whether the record that reading goes on behind is still to be seen.
    is_unseen: bool,
    /// Answers in a row that ended at the tip without it.
    tips_without: u32,
    pub(crate) failures: u32,
    /// Bytes of a record, on average.
    average: usize,
}

enum Order {
    Fetch,
    Wait,
}

impl Poller {
    pub(crate) fn new(lane: &Arc<Lane>, shared: &Arc<Shared>) -> Self {
        let (lane, shared) = (Arc::clone(lane), Arc::clone(shared));
        let (turn, from) = {
            let state = lane.state();
            (state.turn, state.shelf.head().clone())
        };
        let mut poller = Self {
            lane,
            shared,
            turn,
            from: Place::End,
            subscription: None,
            continuation: None,
            subscribed: None,
            iterator: None,
            last: None,
            is_unseen: false,
            tips_without: 0,
            failures: 0,
            average: GUESS,
        };
        poller.begin(turn, from);
        poller
    }

    fn begin(&mut self, turn: u64, from: Place) {
        self.is_unseen = matches!(from, Place::After(..));
        (self.turn, self.from) = (turn, from);
        (self.iterator, self.last) = (None, None);
        (self.subscription, self.continuation) = (None, None);
        (self.failures, self.tips_without) = (0, 0);
    }

    /// Goes on until it is dropped.
    pub(crate) async fn run(mut self) {
        loop {
            match self.order() {
                Order::Wait => self.lane.turned.notified().await,
                Order::Fetch => {
                    let pause = match self.fetch().await {
                        Ok(pause) => pause,
                        Err(failure) => self.after(failure),
                    };
                    if !pause.is_zero() {
                        // Another place to read from is not to wait for the pause.
                        let turned = self.lane.turned.notified();
                        tokio::select! {
                            () = sleep(pause) => {}
                            () = turned, if self.failures == 0 => {}
                        }
                    }
                }
            }
        }
    }

    fn order(&mut self) -> Order {
        let lane = Arc::clone(&self.lane);
        let state = lane.state();
        if state.turn != self.turn {
            self.begin(state.turn, state.shelf.head().clone());
        }
        let is_full = state.shelf.bytes() >= self.shared.room();
        let is_over = state.reach == Reach::End || state.fault.is_some();
        if is_full || is_over { Order::Wait } else { Order::Fetch }
    }

    /// Fetches once; says how long to pause.
    async fn fetch(&mut self) -> Result<Duration, Failure> {
        if let Some(consumer) = self.shared.consumer.clone() {
            return self.receive(&consumer).await;
        }
        let iterator = match self.iterator.take() {
            Some((iterator, since)) if since.elapsed() < ITERATOR_LIFE => iterator,
            _ => {
                let from = match &self.last {
                    Some(last) => Some(From::After(last)),
                    None => From::of(&self.from),
                };
                let Some(from) = from else { return Ok(Duration::ZERO) };
                self.shared.service.iterator(&self.lane.shard, from).await?
            }
        };
        let since = Instant::now();
        let at = self.lane.state().pace.book(since);
        sleep_until(at).await;
        let limit = self.limit();
        // Kept, so that a failure that passes goes on with it.
        self.iterator = Some((iterator.clone(), since));
        let reply = self.shared.service.records(&iterator, limit).await?;
        self.iterator = None;
        let is_ended =
            reply.next.is_none() && (!reply.children.is_empty() || self.is_closed().await?);
        if reply.next.is_none() && !is_ended {
            // The service lost its way: a shard that is open has no end.
            tracing::warn!(shard = %self.lane.shard, "an open shard was said to have ended; reading on");
        }
        self.iterator = reply.next.clone().map(|next| (next, Instant::now()));
        self.failures = 0;
        Ok(self.take(reply, is_ended, at))
    }

    /// At most so many records that they find room.
    fn limit(&self) -> usize {
        let room = self.shared.room().saturating_sub(self.lane.state().shelf.bytes());
        (room / self.average.max(1)).clamp(1, self.shared.max_records)
    }

    pub(crate) async fn is_closed(&self) -> Result<bool, Failure> {
        let listing = self.shared.service.shards().await?;
        Ok(listing.iter().all(|shard| shard.id != self.lane.shard || shard.is_closed))
    }

    /// Puts what came on the shelf; says how long to pause.
    pub(crate) fn take(&mut self, reply: Reply, is_ended: bool, at: Instant) -> Duration {
        let mut packed = Vec::with_capacity(reply.records.len());
        let (mut bytes, mut misplaced) = (0, 0);
        for raw in reply.records {
            bytes += raw.data.len() + raw.key.len();
            let aggregate = if self.shared.unpacks { Aggregate::parse(&raw.data) } else { None };
            match aggregate {
                // The producer sends it again.
                Some(aggregate) if !aggregate.belongs_to(self.lane.hashes) => misplaced += 1,
                aggregate => packed.push((raw, aggregate)),
            }
        }
        self.shared.report.update(|state| {
            state.calls += 1;
            state.fetched_bytes += bytes as u64;
            state.misplaced_aggregates += misplaced;
        });
        if !packed.is_empty() {
            self.average = (bytes / packed.len()).max(1);
        }
        let lane = Arc::clone(&self.lane);
        let mut state = lane.state();
        state.pace.took(at, bytes as u64);
        if state.turn != self.turn {
            return Duration::ZERO;
        }
        state.trouble = None;
        state.is_answered = true;
        state.behind_ms = Some(reply.behind_ms);
        let is_at_tip = is_ended || (reply.next.is_some() && reply.behind_ms == 0);
        for (raw, aggregate) in packed {
            self.last = Some(raw.sequence.clone());
            if self.is_lost(&raw.sequence) {
                state.fault = Some(Fault::Lost);
                break;
            }
            let after = Some(&self.from).filter(|_| self.is_unseen);
            let is_the_one = matches!(&self.from, Place::After(it, _) if *it == raw.sequence);
            state.shelf.put(raw, aggregate, after);
            self.is_unseen &= !is_the_one;
        }
        let is_missing = is_at_tip && self.is_unseen && state.fault.is_none();
        if is_missing {
            self.tips_without += 1;
            if self.tips_without >= BELIEVED || is_ended {
                state.fault = Some(Fault::Lost);
            }
        }
        state.reach = match (is_missing || state.fault.is_some(), is_ended, is_at_tip) {
            (true, ..) | (false, false, false) => Reach::Under,
            (false, true, _) => Reach::End,
            (false, false, true) => Reach::Tip,
        };
        state.children.extend(reply.children);
        let is_idle = state.reach == Reach::Tip;
        drop(state);
        self.shared.bell.notify_waiters();
        if is_ended {
            self.shared.look.notify_one();
        }
        if is_idle {
            self.shared.poll_interval.saturating_sub(at.elapsed())
        } else {
            Duration::ZERO
        }
    }

    /// Whether a record shows that the one to go on behind is not there any more.
    fn is_lost(&self, sequence: &Sequence) -> bool {
        matches!(&self.from, Place::After(it, _) if self.is_unseen && sequence > it)
    }

    /// What to do after an answer that was no good; says how long to pause.
    fn after(&mut self, failure: Failure) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let pause = BACKOFF.pause(self.failures, fastrand::f64());
        let lane = Arc::clone(&self.lane);
        let mut state = lane.state();
        if state.turn != self.turn {
            return pause;
        }
        let shard = &lane.shard;
        match failure.meaning {
            Meaning::Throttled => {
                self.shared.report.update(|state| state.throttled += 1);
                tracing::debug!(%shard, %failure, "throttled");
            }
            Meaning::Expired => {
                self.iterator = None;
                self.shared.report.update(|state| state.renewed += 1);
                return Duration::ZERO;
            }
            Meaning::Gone => state.fault = Some(Fault::Gone(failure.text)),
            Meaning::Refused
                if self.iterator.is_none()
                    && self.continuation.is_none()
                    && is_numbered(&self.from) =>
            {
                state.fault = Some(Fault::Foreign(failure.text));
            }
            Meaning::Refused | Meaning::Condition | Meaning::Trouble => {
                // An iterator that the service does not know any more.
                self.iterator = None;
                note(&mut state, &failure);
            }
        }
        drop(state);
        self.shared.bell.notify_waiters();
        pause
    }
}

/// Whether a service that does not take the place never will: a time that is in the future by its
/// clock passes.
fn is_numbered(place: &Place) -> bool {
    matches!(place, Place::At(_) | Place::After(..))
}

fn note(state: &mut State, failure: &Failure) {
    let since = state.trouble.as_ref().map_or_else(Instant::now, |(_, since)| *since);
    state.trouble = Some((failure.text.clone(), since));
}

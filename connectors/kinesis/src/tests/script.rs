//! A stream in memory, which does what no emulator does when it is told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use forebay_clients::aws::{Failure, Meaning};
use forebay_core::SplitId;
use tokio::time::Instant;

use crate::aggregate::HashRange;
use crate::service::{From, Raw, Reply, Service, Shard, Subscription};

/// A stream in memory.
#[derive(Debug, Default)]
pub(crate) struct Script(Arc<Mutex<State>>);

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) shards: Vec<Kept>,
    /// The number of the last record.
    last: u64,
    /// Records of one answer, at most.
    pub(crate) page: usize,
    /// How the next calls for records fail.
    pub(crate) failures: VecDeque<Failure>,
    /// How calls for iterators at a number fail.
    refused: Option<Failure>,
    /// Whether there is no such stream.
    pub(crate) is_missing: bool,
    /// Answers that say that a shard has ended, whether it has or not.
    pub(crate) false_ends: usize,
    /// When records were asked for, and of which shard.
    pub(crate) calls: Vec<(String, Instant)>,
    /// Kinds of iterators that were asked for.
    pub(crate) iterators: Vec<String>,
    /// How subscriptions began, and when.
    pub(crate) subscriptions: Vec<(String, Instant)>,
    /// Events until a subscription is over.
    pub(crate) events: Option<usize>,
    /// Whether nothing is pushed.
    pub(crate) is_silent: bool,
    /// How often a consumer is looked for until it is ready.
    pub(crate) unregistered: usize,
    pub(crate) deregistered: Vec<String>,
}

/// A shard, and what is in it.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) shard: Shard,
    pub(crate) records: Vec<Raw>,
    /// Records that are gone.
    pub(crate) trimmed: usize,
}

impl Script {
    pub(crate) fn new() -> Arc<Self> {
        let script = Self::default();
        script.state().page = 1_000;
        Arc::new(script)
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn shard(&self, id: &str, parents: &[&str]) {
        let parents: Vec<SplitId> = parents.iter().map(|id| SplitId::from(*id)).collect();
        let mut state = self.state();
        for kept in &mut state.shards {
            kept.shard.is_closed |= parents.contains(&kept.shard.id);
        }
        let hashes = HashRange::ALL;
        let shard = Shard { id: id.into(), parents, hashes, is_closed: false };
        state.shards.push(Kept { shard, records: Vec::new(), trimmed: 0 });
    }

    pub(crate) fn put(&self, shard: &str, data: impl Into<Bytes>) {
        let mut state = self.state();
        state.last += 1;
        // As long as those of the service, and of two lengths.
        let sequence = format!("{}{:054}", 9 + state.last / 40, state.last).parse().unwrap();
        let arrival_ms = Some(1_700_000_000_000 + i64::try_from(state.last).unwrap());
        let raw = Raw { sequence, key: "k".into(), data: data.into(), arrival_ms };
        state.kept(shard).records.push(raw);
    }

    /// Puts numbers as texts.
    pub(crate) fn put_all(&self, shard: &str, numbers: std::ops::Range<u32>) {
        numbers.for_each(|number| self.put(shard, format!("{number}")));
    }

    /// Lets the first records go.
    pub(crate) fn trim(&self, shard: &str, records: usize) {
        self.state().kept(shard).trimmed = records;
    }

    /// Makes the service refuse iterators at sequence numbers.
    pub(crate) fn refuse_iterators(&self, meaning: Meaning) {
        self.state().refused = Some(Failure::new(meaning, "InvalidArgumentException"));
    }

    pub(crate) fn fail(&self, meaning: Meaning, times: usize) {
        let failures = (0..times).map(|_| Failure::new(meaning, format!("{meaning:?}")));
        self.state().failures.extend(failures);
    }
}

impl State {
    pub(crate) fn kept(&mut self, id: &str) -> &mut Kept {
        self.shards.iter_mut().find(|kept| kept.shard.id.as_str() == id).unwrap()
    }

    fn there(&self) -> Result<(), Failure> {
        match self.is_missing {
            true => Err(Failure::new(Meaning::Gone, "ResourceNotFoundException: no such stream")),
            false => Ok(()),
        }
    }

    fn known(&mut self, id: &str) -> Result<&mut Kept, Failure> {
        self.there()?;
        let kept = self.shards.iter_mut().find(|kept| kept.shard.id.as_str() == id);
        kept.ok_or_else(|| Failure::new(Meaning::Gone, "ResourceNotFoundException: no such shard"))
    }
}

#[async_trait]
impl Service for Script {
    async fn shards(&self) -> Result<Vec<Shard>, Failure> {
        let state = self.state();
        state.there()?;
        Ok(state.shards.iter().map(|kept| kept.shard.clone()).collect())
    }

    async fn iterator(&self, shard: &SplitId, from: From<'_>) -> Result<String, Failure> {
        let mut state = self.state();
        state.iterators.push(format!("{from:?}").split('(').next().unwrap().to_owned());
        if let (From::At(_), Some(failure)) = (from, &state.refused) {
            return Err(failure.clone());
        }
        let kept = state.known(shard.as_str())?;
        let before = |raw: &Raw| match from {
            From::TrimHorizon => false,
            From::Timestamp(millis) => raw.arrival_ms < Some(millis),
            From::At(sequence) => raw.sequence < *sequence,
            From::After(sequence) => raw.sequence <= *sequence,
        };
        let at = kept.records.iter().take_while(|raw| before(raw)).count();
        Ok(format!("{shard}/{}", at.max(kept.trimmed)))
    }

    async fn records(&self, iterator: &str, limit: usize) -> Result<Reply, Failure> {
        let (shard, at) = iterator.split_once('/').unwrap();
        let mut state = self.state();
        state.calls.push((shard.to_owned(), Instant::now()));
        if let Some(failure) = state.failures.pop_front() {
            return Err(failure);
        }
        let page = limit.min(state.page);
        let lies = state.false_ends > 0;
        state.false_ends = state.false_ends.saturating_sub(1);
        let kept = state.known(shard)?;
        let at: usize = at.parse::<usize>().unwrap().max(kept.trimmed);
        let records: Vec<Raw> = kept.records.iter().skip(at).take(page).cloned().collect();
        let next = at + records.len();
        let is_at_tip = next >= kept.records.len();
        let (is_closed, id) = (kept.shard.is_closed, kept.shard.id.clone());
        let is_ended = is_at_tip && is_closed;
        let children = state.shards.iter().map(|kept| &kept.shard);
        let children = children.filter(|it| it.parents.contains(&id) && is_ended).cloned();
        Ok(Reply {
            children: children.collect(),
            next: (!is_ended && !lies).then(|| format!("{shard}/{next}")),
            behind_ms: if is_at_tip { 0 } else { 5_000 },
            records,
        })
    }

    async fn register(&self, consumer: &str) -> Result<Option<String>, Failure> {
        let mut state = self.state();
        let is_ready = state.unregistered == 0;
        state.unregistered = state.unregistered.saturating_sub(1);
        Ok(is_ready.then(|| format!("arn:{consumer}")))
    }

    async fn subscribe(
        &self,
        _: &str,
        shard: &SplitId,
        from: From<'_>,
    ) -> Result<Box<dyn Subscription>, Failure> {
        let kind = format!("{from:?}").split('(').next().unwrap().to_owned();
        let at = self.iterator(shard, from).await?;
        let mut state = self.state();
        state.subscriptions.push((kind, Instant::now()));
        if let Some(failure) = state.failures.pop_front() {
            return Err(failure);
        }
        let (script, left) = (Self(Arc::clone(&self.0)), state.events);
        Ok(Box::new(Pushed { script, at: Some(at), last: None, left }))
    }

    async fn deregister(&self, consumer: &str) -> Result<(), Failure> {
        self.state().deregistered.push(consumer.to_owned());
        Ok(())
    }
}

/// What is pushed of a script.
struct Pushed {
    script: Script,
    at: Option<String>,
    /// The last record that was pushed.
    last: Option<String>,
    /// Events until it is over.
    left: Option<usize>,
}

#[async_trait]
impl Subscription for Pushed {
    async fn next(&mut self) -> Result<Option<Reply>, Failure> {
        let is_silent = self.script.state().is_silent;
        if is_silent {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        let Some(at) = self.at.clone().filter(|_| self.left != Some(0)) else { return Ok(None) };
        let reply = self.script.records(&at, usize::MAX).await;
        self.script.state().calls.pop();
        let mut reply = reply?;
        self.left = self.left.map(|left| left - 1);
        self.at = reply.next.take();
        if let Some(last) = reply.records.last() {
            self.last = Some(last.sequence.to_string());
        }
        // Before the first record there is a number too.
        reply.next = self.at.as_ref().map(|_| self.last.clone().unwrap_or("0".to_owned()));
        if reply.records.is_empty() && reply.next.is_some() {
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        Ok(Some(reply))
    }
}

//! The state machine that the engine drives.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use forebay_core::batch::Slice;
use forebay_core::component::{BuildContext, Observe, Problem};
use forebay_core::decode::Decode;
use forebay_core::probe::Probed;
use forebay_core::source::{Committed, Positions, Resume, SourceError};
use forebay_core::split::{Grant, SplitStatus};
use forebay_core::{Position, Range, Source, SplitId};
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use crate::columns::Layout;
use crate::commits::Told;
use crate::config::KafkaConfig;
use crate::filling::{Order, Portion, Waits, fill};
use crate::lane::Fault;
use crate::link::{Link, Settings};
use crate::loss::{Loss, judge};
use crate::policy::{Assign, OnLoss};
use crate::probe::probe;
use crate::pump::Threads;
use crate::replay::{offset, replay};
use crate::report::Report;
use crate::wanted::Wanted;

/// How long the group may take to note positions before a partition goes.
const COMMIT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the client may take to close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// Partitions of Kafka topics, for the engine to drive.
pub(crate) struct KafkaSource {
    settings: Arc<Settings>,
    decoder: Arc<dyn Decode>,
    report: Report,
    open: Option<(Arc<Link>, Threads)>,
    /// The order that the next read serves first, so that no partition starves when time runs out.
    turn: usize,
}

impl KafkaSource {
    pub(crate) fn new(mut config: KafkaConfig, context: &BuildContext) -> Result<Self, Problem> {
        config.load(&context.base)?;
        // Against all columns first, so that a misspelt one is answered with all that there are.
        config.decoder(Layout::all().schema())?;
        let layout = Arc::new(Layout::of(&config));
        let decoder = config.decoder(layout.schema())?;
        let wanted = Wanted::of(&config).map_err(|error| Problem::at("topics", error))?;
        let (name, base) = (Arc::clone(&context.name), context.base.clone());
        let settings = Arc::new(Settings { config, name, base, wanted, layout });
        Ok(Self { settings, decoder, report: Report::default(), open: None, turn: 0 })
    }

    fn link(&self) -> Result<&Arc<Link>, SourceError> {
        match &self.open {
            Some((link, _)) => Ok(link),
            None => Err(SourceError::Disconnected("there is no connection yet".to_owned())),
        }
    }

    /// The connection, if it can go on.
    fn living(&mut self) -> Result<Arc<Link>, SourceError> {
        let link = Arc::clone(self.link()?);
        match link.signals.fatal() {
            None => Ok(link),
            Some(reason) => Err(SourceError::Disconnected(reason)),
        }
    }

    async fn hang_up(&mut self) {
        let Some((link, threads)) = self.open.take() else { return };
        let (done, ended) = tokio::sync::oneshot::channel();
        // A thread of its own: a runtime that ends would wait for one of its blocking threads.
        let closing = std::thread::Builder::new().name("kafka-close".to_owned()).spawn(move || {
            if !link.signals.is_silent()
                && link.signals.fatal().is_none()
                && let Err(error) = link.commits.settle(COMMIT_TIMEOUT)
            {
                tracing::warn!(source = %link.settings.name, error, "the last positions are not told");
            }
            threads.stop(&link);
            link.roster().entries.clear();
            // The consumer leaves its group here.
            drop(link);
            // Whoever waited may have given up.
            let _ = done.send(());
        });
        let is_closed = closing.is_ok() && tokio::time::timeout(CLOSE_TIMEOUT, ended).await.is_ok();
        if !is_closed {
            tracing::warn!(source = %self.settings.name, "the kafka client does not close in time and is left to itself");
        }
    }

    fn orders(&mut self, link: &Link, grants: &[Grant]) -> Result<Vec<Order>, SourceError> {
        let roster = link.roster();
        let mut orders = Vec::with_capacity(grants.len());
        for grant in grants {
            let entry = roster.entries.get(&grant.split);
            let Some(entry) = entry.filter(|it| it.generation == grant.generation && !it.leaving)
            else {
                // It went since the grant was made.
                continue;
            };
            let from = offset(&grant.from)?;
            let until = grant.until.as_ref().map(offset).transpose()?;
            let until = match (until, entry.stop_at) {
                (Some(until), Some(stop_at)) => Some(until.min(stop_at)),
                (until, stop_at) => until.or(stop_at),
            };
            let expected = u64::try_from(entry.end - from).unwrap_or(0);
            let limits = (grant.records, grant.bytes);
            let span = (from, entry.floor);
            orders.push(Order {
                lane: Arc::clone(&entry.lane),
                split: grant.split.clone(),
                generation: grant.generation,
                portion: Portion::new(&link.settings.layout, span, until, limits, expected),
                end: until.map_or(entry.end, |until| until.min(entry.end)),
            });
        }
        drop(roster);
        if !orders.is_empty() {
            self.turn = (self.turn + 1) % orders.len();
            orders.rotate_left(self.turn);
        }
        Ok(orders)
    }
}

async fn block<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    let done = spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(SourceError::Fatal(format!("reading broke down: {error}"))))
}

/// Fills the orders and makes slices of them.
fn read(link: &Link, mut orders: Vec<Order>, waits: Waits) -> Result<Vec<Slice>, SourceError> {
    let faults = fill(&mut orders, &link.signals, waits);
    // What was fetched of a topic that was made anew comes after the news of it.
    link.signals.serve(&link.consumer);
    mark_anew(link);
    let mut roster = link.roster();
    let mut trouble = None;
    for (at, fault) in faults {
        match fault {
            Fault::OutOfRange => {
                if let Some(entry) = roster.entries.get_mut(&orders[at].split) {
                    entry.is_suspect = true;
                }
            }
            Fault::Other(text) => trouble = Some(format!("`{}`: {text}", orders[at].split)),
        }
    }
    let mut slices = Vec::with_capacity(orders.len());
    let mut broken_headers = 0;
    for order in orders {
        let Some(entry) = roster.entries.get_mut(&order.split) else { continue };
        if entry.is_anew || entry.generation != order.generation {
            continue;
        }
        entry.next = order.portion.next();
        entry.end = entry.end.max(entry.next);
        let names = (&link.settings.name, &order.split, order.generation);
        let slice = order.portion.finish(&order.lane, names, &link.settings.layout);
        if let Some((slice, broken)) = slice.map_err(SourceError::Fatal)? {
            broken_headers += broken;
            slices.push(slice);
        }
    }
    drop(roster);
    if broken_headers > 0 {
        tracing::warn!(source = %link.settings.name, broken_headers, "headers are left out whose names are no UTF-8");
        link.report.update(|state| state.broken_headers += broken_headers);
    }
    match trouble {
        Some(text) if slices.is_empty() => Err(SourceError::Transient(link.events.explain(text))),
        _ => Ok(slices),
    }
}

/// Marks the partitions of topics that were made anew.
fn mark_anew(link: &Link) {
    let anew: BTreeSet<String> = link.signals.ids().take_made_anew();
    if !anew.is_empty() {
        for entry in link.roster().entries.values_mut() {
            entry.is_anew |= anew.contains(&*entry.lane.partition.topic);
        }
    }
}

/// Judges partitions of which something may be lost, and goes on as the policy wants. Blocks.
fn mend(link: &Link) -> Result<(), SourceError> {
    let suspects: Vec<(SplitId, Arc<crate::lane::Lane>, i64, bool)> = {
        let roster = link.roster();
        let suspects = roster.entries.iter().filter(|(_, entry)| entry.is_suspect || entry.is_anew);
        suspects
            .map(|(split, it)| (split.clone(), Arc::clone(&it.lane), it.next, it.is_anew))
            .collect()
    };
    let policy = link.settings.config.on_loss;
    for (split, lane, next, is_anew) in suspects {
        let extent = link.scout.extent(&lane.partition).map_err(|error| {
            let text = format!("it is not known what there is of `{split}`: {error}");
            SourceError::Transient(link.events.explain(text))
        })?;
        let loss = if is_anew { Some(Loss::MadeAnew) } else { judge(next, extent) };
        // What is fetched already may be of another topic than what is read next.
        lane.tap().forget();
        let mut roster = link.roster();
        let Some(entry) = roster.entries.get_mut(&split) else { continue };
        let Some(loss) = loss else {
            entry.is_suspect = false;
            continue;
        };
        if policy == OnLoss::Fail {
            return Err(SourceError::Lost(loss.describe(&lane.partition, next, extent)));
        }
        let generation = crate::group::new_generation(entry.generation);
        let on = entry.pass_over(loss, extent, policy, generation);
        drop(roster);
        link.report.lost(&lane.partition, loss, next, on);
    }
    Ok(())
}

#[async_trait]
impl Source for KafkaSource {
    fn decoder(&self) -> Arc<dyn Decode> {
        Arc::clone(&self.decoder)
    }

    fn bounded(&self) -> bool {
        self.settings.config.end.is_some()
    }

    fn positions(&self) -> Positions {
        match self.settings.config.assign {
            Assign::All => Positions::Checkpoint,
            Assign::Group => Positions::Source,
        }
    }

    async fn connect(&mut self, resume: &Resume) -> Result<(), SourceError> {
        if let Some((link, _)) = &self.open {
            if link.signals.fatal().is_none() {
                // The engine begins anew from what is committed; the client can stay.
                return Ok(());
            }
            self.hang_up().await;
        }
        let (settings, report, resume) =
            (Arc::clone(&self.settings), self.report.clone(), resume.clone());
        let opened = block(move || {
            let link = Link::open(&settings, &report, &resume)?;
            let threads = Threads::start(&link).map_err(|error| {
                SourceError::Transient(format!("no thread can be started: {error}"))
            })?;
            Ok((link, threads))
        });
        self.open = Some(opened.await?);
        Ok(())
    }

    async fn splits(
        &mut self,
        next: &BTreeMap<SplitId, Position>,
    ) -> Result<Vec<SplitStatus>, SourceError> {
        let link = self.living()?;
        mark_anew(&link);
        let (mut is_lost, mut has_news) = (false, false);
        for entry in link.roster().entries.values() {
            is_lost |= entry.is_suspect || entry.is_anew;
            has_news |= entry.lane.has_news();
        }
        if link.signals.is_silent() && !has_news {
            let text = link.events.explain("the brokers do not answer");
            self.report.update(|state| state.trouble = Some(text.clone()));
            return Err(SourceError::Transient(text));
        }
        if is_lost {
            let link = Arc::clone(&link);
            block(move || mend(&link)).await?;
        }
        let mut roster = link.roster();
        let statuses = roster.statuses(next);
        self.report.stand(roster.standings());
        self.report.update(|state| state.trouble = None);
        Ok(statuses)
    }

    async fn read(
        &mut self,
        grants: &[Grant],
        deadline: Instant,
    ) -> Result<Vec<Slice>, SourceError> {
        let link = self.living()?;
        let orders = self.orders(&link, grants)?;
        if orders.is_empty() {
            return Ok(Vec::new());
        }
        let waits = Waits::until(deadline.into_std());
        block(move || read(&link, orders, waits)).await
    }

    async fn replay(&mut self, ranges: &[Range]) -> Result<Vec<Slice>, SourceError> {
        let link = self.living()?;
        let ranges = ranges.to_vec();
        block(move || replay(&link, &ranges)).await
    }

    async fn ready(&mut self) {
        let Some((link, _)) = &self.open else { return std::future::pending().await };
        loop {
            let rung = link.signals.bell.tasks().notified();
            tokio::pin!(rung);
            rung.as_mut().enable();
            if link.roster().has_work() || link.signals.fatal().is_some() {
                return;
            }
            rung.await;
        }
    }

    async fn commit(&mut self, committed: &[Committed]) -> Result<(), SourceError> {
        let link = Arc::clone(self.link()?);
        let mut told: BTreeMap<SplitId, Told> = BTreeMap::new();
        {
            let mut roster = link.roster();
            for it in committed {
                let entry = roster.entries.get_mut(&it.split);
                // What was read under an older assignment is the new owner's business.
                let entry =
                    entry.filter(|entry| !link.is_group() || entry.generation == it.generation);
                if let Some(entry) = entry {
                    entry.start = offset(&it.position)?;
                    let (position, generation) = (entry.start, entry.generation);
                    told.insert(it.split.clone(), Told { position, generation });
                }
            }
        }
        if self.settings.config.group.is_some() {
            self.report.update(|state| state.commit_error = link.commits.error());
            link.commits.tell(told);
        }
        Ok(())
    }

    async fn release(&mut self, splits: &[SplitId]) -> Result<(), SourceError> {
        let link = Arc::clone(self.link()?);
        let splits = splits.to_vec();
        block(move || {
            link.commits.settle(COMMIT_TIMEOUT).map_err(SourceError::Transient)?;
            let mut roster = link.roster();
            for split in &splits {
                roster.entries.remove(split);
            }
            drop(roster);
            link.signals.events.ring();
            Ok(())
        })
        .await
    }

    async fn close(&mut self) {
        self.hang_up().await;
    }

    async fn probe(&mut self) -> Probed {
        let mut probed = Probed::default();
        // Where it ended is its last step.
        let _ = probe(&self.settings, &mut probed).await;
        probed
    }

    fn observe(&self) -> Option<Arc<dyn Observe>> {
        Some(Arc::new(self.report.clone()))
    }
}

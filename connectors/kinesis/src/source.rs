//! The state machine that the engine drives.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use forebay_clients::kinesis::StreamId;
use forebay_core::batch::Slice;
use forebay_core::component::{BuildContext, Observe, Problem};
use forebay_core::decode::Decode;
use forebay_core::probe::Probed;
use forebay_core::source::{Committed, Positions, Resume, SourceError};
use forebay_core::split::{Grant, SplitStatus};
use forebay_core::{Position, Range, Source, SplitId};
use futures::stream::{self, StreamExt, TryStreamExt};
use tokio::time::Instant;

use crate::aggregate::HashRange;
use crate::columns::{DATA, Layout};
use crate::config::KinesisConfig;
use crate::family::Begin;
use crate::lane::Lane;
use crate::leases::{Dynamo, Settings, Table};
use crate::link::{Link, Opening};
use crate::live::Live;
use crate::place::Place;
use crate::policy::{Start, millis};
use crate::portion::Portion;
use crate::probe::probe;
use crate::replay::Replay;
use crate::report::Report;
use crate::seat::now_ms;
use crate::service::Service;
use crate::shared::Shared;

/// Ranges that are read again at a time.
const REPLAYS: usize = 16;

/// The shards of a stream, for the engine to drive.
pub(crate) struct KinesisSource {
    config: KinesisConfig,
    name: Arc<str>,
    stream: StreamId,
    begin: Begin,
    layout: Arc<Layout>,
    decoder: Arc<dyn Decode>,
    report: Report,
    link: Option<Link>,
    /// What to read instead of the service.
    scripted: Option<Arc<dyn Service>>,
    /// What to keep leases in instead of DynamoDB.
    scripted_table: Option<Arc<dyn Table>>,
    /// The name of this worker, where shards are shared.
    worker: String,
    /// The grant that the next read serves first, so that no shard starves when time runs out.
    turn: usize,
}

/// What is to be read of one shard.
struct Order {
    lane: Arc<Lane>,
    grant: Grant,
    from: Place,
    until: Option<Place>,
}

impl KinesisSource {
    pub(crate) fn new(mut config: KinesisConfig, context: &BuildContext) -> Result<Self, Problem> {
        config.decoding.load(&context.base)?;
        // Against all columns first, so that a misspelt one is answered with all that there are.
        config.decoding.decoder(Layout::all().schema(), DATA)?;
        let stream: StreamId =
            config.stream.parse().map_err(|error: String| Problem::at("stream", error))?;
        let layout = Arc::new(Layout::of(&config, stream.name()));
        let decoder = config.decoding.decoder(layout.schema(), DATA)?;
        let begin = begin_of(&config.start)?;
        let worker = config.leases.as_ref().and_then(|leases| leases.worker.clone());
        let worker = worker.unwrap_or_else(|| format!("forebay/{}", context.instance));
        Ok(Self {
            name: Arc::clone(&context.name),
            stream,
            begin,
            layout,
            decoder,
            report: Report::default(),
            link: None,
            scripted: None,
            scripted_table: None,
            worker,
            turn: 0,
            config,
        })
    }

    /// Reads this instead of the service.
    #[cfg(test)]
    pub(crate) fn over(mut self, service: Arc<dyn Service>) -> Self {
        self.scripted = Some(service);
        self
    }

    /// Keeps leases in this instead of DynamoDB.
    #[cfg(test)]
    pub(crate) fn sharing(mut self, table: Arc<dyn Table>) -> Self {
        self.scripted_table = Some(table);
        self
    }

    /// How shards are shared, if they are.
    async fn leases(&self) -> Option<(Arc<dyn Table>, Settings)> {
        let leases = self.config.leases.as_ref()?;
        let table: Arc<dyn Table> = match &self.scripted_table {
            Some(table) => Arc::clone(table),
            None => {
                let connection = self.config.lease_connection(leases);
                Arc::new(Dynamo::new(&connection, &leases.table, leases.create).await)
            }
        };
        let most = leases.max_shards.and_then(|most| usize::try_from(most).ok());
        let settings = Settings {
            me: Settings::new_life(&self.worker),
            failover: leases.failover.0,
            commit_interval: leases.commit_interval.0,
            most: most.unwrap_or(usize::MAX),
            begin: self.begin.clone(),
        };
        Some((table, settings))
    }

    fn link(&mut self) -> Result<&mut Link, SourceError> {
        let missing = || SourceError::Disconnected("there is no connection yet".to_owned());
        self.link.as_mut().ok_or_else(missing)
    }

    fn orders(&mut self, grants: &[Grant]) -> Result<Vec<Order>, SourceError> {
        let link = self.link()?;
        let mut orders = Vec::with_capacity(grants.len());
        for grant in grants {
            let seat = link.seats.get(&grant.split);
            // It went since the grant was made.
            let Some(seat) = seat.filter(|it| it.generation == grant.generation) else { continue };
            orders.push(Order {
                lane: Arc::clone(&seat.lane),
                grant: grant.clone(),
                from: Place::of(&grant.from)?,
                until: grant.until.as_ref().map(Place::of).transpose()?,
            });
        }
        if !orders.is_empty() {
            self.turn = (self.turn + 1) % orders.len();
            orders.rotate_left(self.turn);
        }
        Ok(orders)
    }
}

fn begin_of(start: &Start) -> Result<Begin, Problem> {
    Ok(match start {
        Start::TrimHorizon => Begin::TrimHorizon,
        // The time is that of the first connection.
        Start::Latest => Begin::Latest(0),
        Start::Timestamp(text) => {
            let time = millis(text);
            Begin::Timestamp(time.map_err(|error| Problem::at("start.timestamp", error))?)
        }
        Start::SequenceNumbers(numbers) => {
            let numbers = numbers.iter().map(|(shard, number)| {
                let sequence = number.parse();
                let sequence = sequence
                    .map_err(|error: String| Problem::at("start.sequence_numbers", error))?;
                Ok((SplitId::from(shard.as_str()), sequence))
            });
            Begin::Sequences(numbers.collect::<Result<_, _>>()?)
        }
    })
}

/// The ARN of a consumer that is ready.
async fn registered(service: &dyn Service, consumer: &str) -> Result<String, SourceError> {
    let wait = |why: String| {
        SourceError::Transient(format!("the consumer `{consumer}` is not ready: {why}"))
    };
    let ready = service.register(consumer).await.map_err(|failure| wait(failure.to_string()))?;
    ready.ok_or_else(|| wait("it is being registered".to_owned()))
}

/// Takes what the orders allow of what is fetched.
fn fill(
    orders: Vec<Order>,
    deadline: Instant,
    source: &Arc<str>,
    layout: &Arc<Layout>,
    room: usize,
) -> Result<Vec<Slice>, SourceError> {
    let mut slices = Vec::with_capacity(orders.len());
    for Order { lane, grant, from, until } in orders {
        if !slices.is_empty() && Instant::now() >= deadline {
            break;
        }
        let mut state = lane.state();
        if *state.shelf.head() != from || state.fault.is_some() {
            // It was turned since the grant was made.
            continue;
        }
        let was_full = state.shelf.bytes() >= room;
        let limits = (grant.records, grant.bytes);
        let mut portion = Portion::new(layout, from, until, limits, state.shelf.records());
        state.shelf.take(|record| portion.offer(&record));
        if state.has_unsaid_end() && portion.end() {
            state.say_end();
        }
        drop(state);
        if was_full {
            lane.turned.notify_one();
        }
        slices.extend(portion.finish(source, &grant.split, grant.generation, layout)?);
    }
    Ok(slices)
}

#[async_trait]
impl Source for KinesisSource {
    fn decoder(&self) -> Arc<dyn Decode> {
        Arc::clone(&self.decoder)
    }

    fn positions(&self) -> Positions {
        match self.config.leases {
            None => Positions::Checkpoint,
            Some(_) => Positions::Source,
        }
    }

    async fn connect(&mut self, resume: &Resume) -> Result<(), SourceError> {
        if let Some(link) = &mut self.link {
            // The engine begins anew from what is committed; the connection can stay.
            return link.begin_again(resume);
        }
        let service = match &self.scripted {
            Some(service) => Arc::clone(service),
            None => Arc::new(Live::new(&self.config.connection, &self.stream).await),
        };
        if let Begin::Latest(since) = &mut self.begin
            && *since == 0
        {
            *since = now_ms();
        }
        let mut shared = Shared::new(service, self.report.clone(), &self.config);
        shared.consumer = match &self.config.fan_out {
            Some(fan_out) => Some(registered(&*shared.service, &fan_out.consumer).await?),
            None => None,
        };
        let opening = Opening {
            begin: self.begin.clone(),
            on_loss: self.config.on_loss,
            discover: self.config.discover_interval.0,
            leases: self.leases().await,
        };
        let opened = Link::open(shared, opening, resume).await;
        let trouble = opened.as_ref().err().map(ToString::to_string);
        self.report.update(|state| state.trouble = trouble);
        self.link = Some(opened?);
        Ok(())
    }

    async fn splits(
        &mut self,
        next: &BTreeMap<SplitId, Position>,
    ) -> Result<Vec<SplitStatus>, SourceError> {
        let link = self.link()?;
        link.refresh(next).await?;
        let statuses = link.statuses(next)?;
        let trouble = link.trouble();
        self.report.update(|state| state.trouble.clone_from(&trouble));
        match trouble {
            Some(text) => Err(SourceError::Transient(text)),
            None => Ok(statuses),
        }
    }

    async fn read(
        &mut self,
        grants: &[Grant],
        deadline: Instant,
    ) -> Result<Vec<Slice>, SourceError> {
        let orders = self.orders(grants)?;
        if orders.is_empty() {
            return Ok(Vec::new());
        }
        let room = self.link()?.shared.room();
        let (source, layout) = (Arc::clone(&self.name), Arc::clone(&self.layout));
        let filled =
            tokio::task::spawn_blocking(move || fill(orders, deadline, &source, &layout, room));
        filled.await.map_err(|error| SourceError::Fatal(format!("reading broke down: {error}")))?
    }

    async fn replay(&mut self, ranges: &[Range]) -> Result<Vec<Slice>, SourceError> {
        let (layout, on_loss) = (Arc::clone(&self.layout), self.config.on_loss);
        let link = self.link()?;
        let replays = ranges.iter().map(|range| {
            let hashes = link.family.member(&range.split).map(|member| member.hashes);
            let replay = Replay {
                shared: Arc::clone(&link.shared),
                layout: Arc::clone(&layout),
                lane: link.seats.get(&range.split).map(|seat| Arc::clone(&seat.lane)),
                hashes: hashes.unwrap_or(HashRange::ALL),
                range: range.clone(),
                on_loss,
            };
            replay.run()
        });
        // Collected first: what is awaited must not borrow the connection.
        let replays: Vec<_> = replays.collect();
        stream::iter(replays).buffered(REPLAYS).try_collect().await
    }

    async fn ready(&mut self) {
        let Some(link) = &self.link else { return std::future::pending().await };
        loop {
            let rung = link.shared.bell.notified();
            tokio::pin!(rung);
            rung.as_mut().enable();
            if link.has_work() {
                return;
            }
            rung.await;
        }
    }

    async fn commit(&mut self, committed: &[Committed]) -> Result<(), SourceError> {
        let link = self.link()?;
        if link.keeper.is_some() {
            return link.keep(committed);
        }
        for it in committed.iter().filter(|it| it.finished) {
            let seat = link.seats.get(&it.split);
            // What was read under an older generation does not count.
            if seat.is_none_or(|seat| seat.generation == it.generation) {
                link.finish(&it.split);
            }
        }
        Ok(())
    }

    async fn release(&mut self, splits: &[SplitId]) -> Result<(), SourceError> {
        let link = self.link()?;
        if let Some(keeper) = &link.keeper {
            splits.iter().for_each(|split| keeper.release(split));
        }
        Ok(())
    }

    async fn forget(&mut self) -> Vec<SplitId> {
        self.link.as_mut().map(|link| link.family.forget()).unwrap_or_default()
    }

    async fn close(&mut self) {
        let Some(link) = self.link.take() else { return };
        let shared = Arc::clone(&link.shared);
        link.close().await;
        if let Some(consumer) = &shared.consumer
            && self.config.fan_out.as_ref().is_some_and(|fan_out| fan_out.deregister)
            && let Err(failure) = shared.service.deregister(consumer).await
        {
            tracing::warn!(%consumer, %failure, "the consumer stays registered");
        }
    }

    async fn probe(&mut self) -> Probed {
        let mut probed = Probed::default();
        // Where it ended is its last step.
        let _ = probe(&self.config, &self.stream, &mut probed).await;
        probed
    }

    fn observe(&self) -> Option<Arc<dyn Observe>> {
        Some(Arc::new(self.report.clone()))
    }
}

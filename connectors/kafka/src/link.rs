//! The connection to a cluster, and what is read over it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use forebay_clients::kafka::{ClientEvents, Sasl};
use forebay_core::source::{Resume, SourceError};
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::columns::Layout;
use crate::commits::Commits;
use crate::config::KafkaConfig;
use crate::context::{Context, Kafka, Signals};
use crate::lane::Lane;
use crate::loss::{Extent, judge};
use crate::partition::Partition;
use crate::policy::{Assign, End, Start, millis};
use crate::report::Report;
use crate::roster::{Entry, Roster};
use crate::scout::Scout;
use crate::wanted::Wanted;

/// What does not change from connection to connection.
pub(crate) struct Settings {
    pub(crate) config: KafkaConfig,
    pub(crate) name: Arc<str>,
    pub(crate) base: PathBuf,
    pub(crate) wanted: Wanted,
    pub(crate) layout: Arc<Layout>,
}

/// The connection to a cluster, shared by the source and its threads.
pub(crate) struct Link {
    pub(crate) settings: Arc<Settings>,
    pub(crate) events: Arc<ClientEvents>,
    pub(crate) signals: Arc<Signals>,
    pub(crate) commits: Commits,
    pub(crate) report: Report,
    pub(crate) scout: Scout,
    roster: Mutex<Roster>,
    pub(crate) consumer: Arc<Kafka>,
}

/// A partition that is about to be owned.
#[derive(Clone, Debug)]
pub(crate) struct Newcomer {
    pub(crate) partition: Partition,
    pub(crate) start: i64,
    pub(crate) extent: Extent,
    pub(crate) stop_at: Option<i64>,
}

/// How long events are listened to when something failed, for the reason of it.
pub(crate) const LISTEN: Duration = Duration::from_millis(50);

/// Beside the bytes of small records, librdkafka takes about as many again to keep them.
const OVERHEAD: usize = 2;

impl Settings {
    fn is_group(&self) -> bool {
        self.config.assign == Assign::Group
    }

    /// What all clients of this source have in common.
    pub(crate) fn client_config(&self) -> ClientConfig {
        let own = &self.config.connection.properties;
        let mut config = self.config.connection.client_config(&self.base);
        let mut prefer = |name: &str, value: &str| {
            if !own.contains_key(name) {
                config.set(name, value);
            }
        };
        prefer("reconnect.backoff.ms", "100");
        prefer("reconnect.backoff.max.ms", "1000");
        prefer("socket.keepalive.enable", "true");
        config.set("isolation.level", self.config.isolation.as_str());
        config.set("allow.auto.create.topics", "false");
        config
    }

    /// The configuration of the consumer: its queues share the buffer.
    fn consumer_config(&self, partitions: usize) -> ClientConfig {
        let mut config = self.client_config();
        let buffer = usize::try_from(self.config.buffer.0).unwrap_or(usize::MAX) / OVERHEAD;
        let share = (buffer / partitions.max(1)).clamp(64 << 10, 1 << 30);
        let own = &self.config.connection.properties;
        if !own.contains_key("fetch.queue.backoff.ms") {
            // At its default of a second, a bounded queue stands empty most of the time.
            config.set("fetch.queue.backoff.ms", "10");
        }
        if !own.contains_key("fetch.error.backoff.ms") {
            config.set("fetch.error.backoff.ms", "200");
        }
        config.set("queued.max.messages.kbytes", (share >> 10).to_string());
        config.set("queued.min.messages", (share / 128).clamp(1_000, 100_000).to_string());
        config.set("fetch.message.max.bytes", share.min(1 << 20).to_string());
        config.set("fetch.max.bytes", buffer.clamp(1 << 20, 48 << 20).to_string());
        config.set("auto.offset.reset", "error");
        config.set("enable.auto.commit", "false");
        config.set("enable.auto.offset.store", "false");
        config.set("enable.partition.eof", "true");
        config.set("partition.assignment.strategy", "cooperative-sticky");
        let discover = self.config.discover_interval.0.as_millis();
        config.set("topic.metadata.refresh.interval.ms", discover.to_string());
        // Assigning needs the name of a group, also where there is none.
        let group = self.config.group.clone().unwrap_or_else(|| format!("forebay-{}", self.name));
        config.set("group.id", group);
        if self.is_group() {
            let session = self.config.session_timeout.0.as_millis();
            // The brokers wait for a member that drains for as long as this.
            let poll = (2 * self.config.drain_timeout.0.as_millis()).max(session).max(300_000);
            config.set("session.timeout.ms", session.to_string());
            config.set("heartbeat.interval.ms", (session / 5).clamp(100, 1_000).to_string());
            config.set("max.poll.interval.ms", poll.to_string());
            if let Some(id) = &self.config.instance_id {
                config.set("group.instance.id", id);
            }
        }
        // The only place where librdkafka says that a topic was made anew, see `TopicIds`.
        let debug = match own.get("debug") {
            Some(debug) => format!("{debug},topic"),
            None => "topic".to_owned(),
        };
        config.set("debug", debug);
        config.set_log_level(RDKafkaLogLevel::Debug);
        config
    }
}

impl Link {
    /// Connects. Blocks until brokers answer, or did not for a while.
    pub(crate) fn open(
        settings: &Arc<Settings>,
        report: &Report,
        resume: &Resume,
    ) -> Result<Arc<Self>, SourceError> {
        let config = &settings.config;
        let name = Arc::clone(&settings.name);
        let events = ClientEvents::new(name, &config.connection, &settings.base);
        let unusable =
            |error: KafkaError| SourceError::Fatal(format!("no client can be made: {error}"));
        let scout = Scout::new(&settings.client_config(), &events).map_err(unusable)?;
        if matches!(config.connection.sasl, Some(Sasl::OauthBearer { .. })) {
            // The token is fetched by whoever serves the client.
            scout.serve(LISTEN);
        }
        let away = |error: KafkaError| {
            scout.serve(LISTEN);
            SourceError::Disconnected(
                events.explain(format!("the brokers cannot be asked: {error}")),
            )
        };
        let topics = scout.topics(&settings.wanted).map_err(away)?;
        let wanted: Vec<Partition> =
            settings.wanted.among(&topics.partitions).into_iter().collect();
        for (topic, why) in &topics.unreadable {
            tracing::warn!(source = %settings.name, topic, "the topic cannot be read: {why}");
        }
        if wanted.is_empty() && !matches!(settings.wanted, Wanted::Pattern(_)) {
            let why = topics.unreadable.iter().map(|(topic, why)| format!("`{topic}`: {why}"));
            let why = why.collect::<Vec<_>>().join("; ");
            return Err(SourceError::Disconnected(format!("there is no partition to read: {why}")));
        }
        let newcomers = match settings.is_group() {
            true => Vec::new(),
            false => newcomers(settings, &scout, wanted.clone(), resume, &away)?,
        };

        let signals = Arc::new(Signals::default());
        let context = Context { events: Arc::clone(&events), signals: Arc::clone(&signals) };
        let consumer = settings.consumer_config(wanted.len()).create_with_context(context);
        let mut consumer: Kafka = consumer.map_err(unusable)?;
        let bells = Arc::clone(&signals);
        consumer.set_nonempty_callback(move || {
            bells.has_events.store(true, Ordering::Release);
            bells.events.ring();
        });
        let link = Arc::new(Self {
            settings: Arc::clone(settings),
            events: Arc::clone(&events),
            signals,
            commits: Commits::default(),
            report: report.clone(),
            scout,
            roster: Mutex::default(),
            consumer: Arc::new(consumer),
        });
        let broken = |error: String| SourceError::Disconnected(events.explain(error));
        if settings.is_group() {
            let subscription = settings.wanted.subscription();
            let topics: Vec<&str> = subscription.iter().map(String::as_str).collect();
            link.consumer.subscribe(&topics).map_err(|error| broken(error.to_string()))?;
        } else {
            link.adopt(&newcomers, 0).map_err(broken)?;
        }
        events.recovered();
        Ok(link)
    }

    pub(crate) fn roster(&self) -> MutexGuard<'_, Roster> {
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_group(&self) -> bool {
        self.settings.is_group()
    }

    /// Takes partitions up, each from its start on.
    pub(crate) fn adopt(&self, newcomers: &[Newcomer], generation: u64) -> Result<(), String> {
        let mut list = TopicPartitionList::with_capacity(newcomers.len());
        let mut entries = Vec::with_capacity(newcomers.len());
        for it in newcomers {
            let lane = Lane::new(&self.consumer, &self.signals, it.partition.clone(), it.start)?;
            let (topic, number) = (&*it.partition.topic, it.partition.number);
            let added = list.add_partition_offset(topic, number, Offset::Offset(it.start));
            added.map_err(|error| error.to_string())?;
            let mut entry = Entry::new(lane, generation, it.start, it.extent.end.max(it.start));
            entry.stop_at = it.stop_at;
            entry.is_suspect = judge(it.start, it.extent).is_some();
            entries.push((it.partition.split(), entry));
        }
        self.consumer.incremental_assign(&list).map_err(|error| error.to_string())?;
        // A partition that is back may still be paused from when it left.
        self.consumer.resume(&list).map_err(|error| error.to_string())?;
        let mut roster = self.roster();
        for (split, entry) in entries {
            roster.insert(split, entry);
        }
        drop(roster);
        self.signals.bell.ring();
        Ok(())
    }

    /// Where partitions without a position begin.
    pub(crate) fn starts(
        &self,
        partitions: &[Partition],
        extents: &BTreeMap<Partition, Extent>,
    ) -> Result<BTreeMap<Partition, i64>, KafkaError> {
        starts(&self.scout, &self.settings.config.start, partitions, extents)
    }

    /// What there is of partitions.
    pub(crate) fn extents(
        &self,
        partitions: &[Partition],
    ) -> Result<BTreeMap<Partition, Extent>, KafkaError> {
        extents(&self.scout, partitions)
    }
}

/// What there is of partitions.
pub(crate) fn extents(
    scout: &Scout,
    partitions: &[Partition],
) -> Result<BTreeMap<Partition, Extent>, KafkaError> {
    let lows = scout.lows(partitions)?;
    let ends = scout.ends(partitions)?;
    let both = lows.into_iter().filter_map(|(partition, low)| {
        let end = *ends.get(&partition)?;
        Some((partition, Extent { low, end }))
    });
    Ok(both.collect())
}

fn starts(
    scout: &Scout,
    start: &Start,
    partitions: &[Partition],
    extents: &BTreeMap<Partition, Extent>,
) -> Result<BTreeMap<Partition, i64>, KafkaError> {
    let times = match start {
        Start::Timestamp(text) => scout.at_time(partitions, millis(text).unwrap_or(0))?,
        _ => BTreeMap::new(),
    };
    let start_of = |(partition, extent): (&Partition, &Extent)| {
        let offset = match start {
            Start::Earliest => extent.low,
            Start::Latest => extent.end,
            Start::Timestamp(_) => times.get(partition).copied().flatten().unwrap_or(extent.end),
            Start::Offsets(offsets) => {
                let named = offsets.get(&partition.to_string()).copied();
                named.and_then(|offset| i64::try_from(offset).ok()).unwrap_or(extent.low)
            }
        };
        (partition.clone(), offset)
    };
    Ok(extents.iter().filter(|(it, _)| partitions.contains(it)).map(start_of).collect())
}

/// The wanted partitions, and where each begins and ends for a source that owns them all.
fn newcomers(
    settings: &Settings,
    scout: &Scout,
    wanted: Vec<Partition>,
    resume: &Resume,
    away: &dyn Fn(KafkaError) -> SourceError,
) -> Result<Vec<Newcomer>, SourceError> {
    let extents = extents(scout, &wanted).map_err(away)?;
    let known: BTreeMap<&Partition, i64> = wanted
        .iter()
        .filter_map(|partition| {
            let position = resume.committed.get(&partition.split())?.as_u64()?;
            Some((partition, i64::try_from(position).ok()?))
        })
        .collect();
    let unknown: Vec<Partition> =
        wanted.iter().filter(|partition| !known.contains_key(partition)).cloned().collect();
    let starts = starts(scout, &settings.config.start, &unknown, &extents).map_err(away)?;
    let stops = match &settings.config.end {
        Some(End::Timestamp(text)) => {
            scout.at_time(&wanted, millis(text).unwrap_or(0)).map_err(away)?
        }
        _ => BTreeMap::new(),
    };
    let newcomer = |partition: &Partition| {
        let extent = *extents.get(partition)?;
        // A partition that was added since begins with its first record, or records would be
        // missed.
        let is_added = known.keys().any(|it| it.topic == partition.topic);
        let start = match (known.get(partition), is_added) {
            (Some(start), _) => *start,
            (None, true) => extent.low,
            (None, false) => *starts.get(partition)?,
        };
        let stop_at = settings.config.end.as_ref().map(|end| match end {
            End::Latest => extent.end,
            End::Timestamp(_) => stops.get(partition).copied().flatten().unwrap_or(extent.end),
            End::Offsets(offsets) => {
                let named = offsets.get(&partition.to_string()).copied();
                named.and_then(|offset| i64::try_from(offset).ok()).unwrap_or(extent.end)
            }
        });
        Some(Newcomer { partition: partition.clone(), start, extent, stop_at })
    };
    Ok(wanted.iter().filter_map(newcomer).collect())
}

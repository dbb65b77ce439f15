//! The threads that serve a connection beside the reading.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::error::KafkaError;

use crate::commits;
use crate::group::Group;
use crate::link::{Link, Newcomer};
use crate::partition::Partition;

/// Time between two looks at where partitions end.
const LOOK: Duration = Duration::from_secs(1);
/// The longest time in which events of a client are not looked for.
const TURN: Duration = Duration::from_millis(100);

/// The threads of a connection.
pub(crate) struct Threads(Vec<JoinHandle<()>>);

impl Threads {
    /// Starts them.
    pub(crate) fn start(link: &Arc<Link>) -> std::io::Result<Self> {
        let mut threads = Self(Vec::new());
        let (pumped, watched) = (Arc::clone(link), Arc::clone(link));
        let spawn = |work: &str, run: Box<dyn FnOnce() + Send>| {
            let name = format!("kafka-{work}");
            std::thread::Builder::new().name(name).spawn(run)
        };
        threads.0.push(spawn("pump", Box::new(move || pump(&pumped)))?);
        threads.0.push(spawn("watch", Box::new(move || watch(&watched)))?);
        if link.settings.config.group.is_some() {
            let told = Arc::clone(link);
            threads.0.push(spawn("commit", Box::new(move || commits::run(&told)))?);
        }
        Ok(threads)
    }

    /// Ends them; blocks until they have.
    pub(crate) fn stop(self, link: &Link) {
        link.signals.closing.store(true, Ordering::Release);
        link.signals.events.ring();
        link.signals.bell.ring();
        link.commits.bell.ring();
        for thread in self.0 {
            if thread.join().is_err() {
                tracing::error!(source = %link.settings.name, "a thread of the kafka source broke down");
            }
        }
    }
}

/// Serves the consumer: logs, errors, tokens, outcomes of commits, rebalances.
fn pump(link: &Link) {
    let mut group = link.is_group().then(Group::default);
    while !link.signals.is_closing() {
        let heard = link.signals.events.count();
        link.signals.serve(&link.consumer);
        if let Some(group) = &mut group {
            group.step(link);
        }
        link.signals.events.wait(heard, TURN);
        // The bell may have been missed where several events came at once.
        link.signals.has_events.store(true, Ordering::Release);
    }
}

/// Asks where partitions end, and whether there are new ones.
fn watch(link: &Link) {
    let mut looked = Instant::now();
    let mut discovered = Instant::now();
    let config = &link.settings.config;
    let may_grow = !link.is_group() && config.end.is_none();
    while !link.signals.is_closing() {
        link.scout.serve(TURN);
        if looked.elapsed() >= LOOK {
            look(link);
            looked = Instant::now();
        }
        if may_grow && discovered.elapsed() >= config.discover_interval.0 {
            if let Err(error) = discover(link) {
                tracing::debug!(source = %link.settings.name, "no look for new partitions: {error}");
            }
            discovered = Instant::now();
        }
    }
}

fn look(link: &Link) {
    let asked: BTreeMap<Partition, i64> = {
        let roster = link.roster();
        let entries = roster.entries.values();
        entries.map(|entry| (entry.lane.partition.clone(), entry.next)).collect()
    };
    let ends = match ends(link, &asked) {
        Ok(ends) => ends,
        Err(error) => {
            link.events.note(&error, "");
            link.signals.heard(false);
            return;
        }
    };
    link.signals.heard(true);
    link.events.recovered();
    let mut has_more = false;
    for entry in link.roster().entries.values_mut() {
        let partition = &entry.lane.partition;
        if let (Some(end), Some(next)) = (ends.get(partition), asked.get(partition)) {
            has_more |= *end > entry.end;
            entry.see_end(*end, *next);
        }
    }
    if has_more {
        link.signals.bell.ring();
    }
}

/// Where partitions end. A topic that is gone does not hide where the others end.
fn ends(
    link: &Link,
    asked: &BTreeMap<Partition, i64>,
) -> Result<BTreeMap<Partition, i64>, KafkaError> {
    let all: Vec<Partition> = asked.keys().cloned().collect();
    if all.is_empty() {
        // Only to see whether brokers answer.
        return link.scout.topics(&link.settings.wanted).map(|_| BTreeMap::new());
    }
    let mut topics: BTreeMap<Arc<str>, Vec<Partition>> = BTreeMap::new();
    for partition in &all {
        topics.entry(Arc::clone(&partition.topic)).or_default().push(partition.clone());
    }
    match link.scout.ends(&all) {
        Err(_) if topics.len() > 1 => {
            let mut found = BTreeMap::new();
            let mut last = None;
            for partitions in topics.values() {
                match link.scout.ends(partitions) {
                    Ok(ends) => found.extend(ends),
                    Err(error) => last = Some(error),
                }
            }
            match last {
                Some(error) if found.is_empty() => Err(error),
                _ => Ok(found),
            }
        }
        answer => answer,
    }
}

/// Takes up partitions that were not there before, from their first record on.
fn discover(link: &Link) -> Result<(), String> {
    let text = |error: KafkaError| error.to_string();
    let topics = link.scout.topics(&link.settings.wanted).map_err(text)?;
    let mut new = link.settings.wanted.among(&topics.partitions);
    {
        let roster = link.roster();
        new.retain(|partition| !roster.entries.contains_key(&partition.split()));
    }
    if new.is_empty() {
        return Ok(());
    }
    let new: Vec<Partition> = new.into_iter().collect();
    let extents = link.extents(&new).map_err(text)?;
    let newcomers: Vec<Newcomer> = extents
        .into_iter()
        .map(|(partition, extent)| Newcomer { partition, start: extent.low, extent, stop_at: None })
        .collect();
    tracing::info!(source = %link.settings.name, partitions = newcomers.len(), "new partitions are read");
    link.adopt(&newcomers, 0)
}

//! Guarantees: three gateways of a group lose nothing when one joins, leaves or is killed, and no
//! partition waits longer than the group needs to notice.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::servers::{Cassandra, Destination, Feed, Kafka, Ledger, name};
use forebay_integration_tests::{Gateway, Scene, wait};
use serde_json::Value;

/// What takes a second may take longer on a busy machine.
const LONG: Duration = Duration::from_secs(90);

/// How long the group waits for a member that is not heard of.
const SESSION: Duration = Duration::from_secs(6);

/// The longest that a partition may wait where a member says that it comes or goes.
const POLITE: Duration = Duration::from_secs(10);

/// The time between two looks at what the members wrote.
const LOOK: Duration = Duration::from_millis(100);

const PARTITIONS: u16 = 9;

fn now_ms() -> Result<u64> {
    Ok(u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?)
}

/// What three gateways of a group did.
struct Members([Scene; 3]);

impl Members {
    /// When each partition had batches with records, over all gateways, from then on.
    fn batches(&self, since_ms: u64) -> Result<BTreeMap<String, Vec<u64>>> {
        let mut times: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for scene in &self.0 {
            let words = std::fs::read_to_string(scene.path("gateway.log")).unwrap_or_default();
            let whole = words.rsplit_once('\n').map_or("", |(whole, _)| whole);
            for line in whole.lines().filter(|line| line.starts_with('{')) {
                let batch: Value = serde_json::from_str(line)?;
                let time = batch["time_ms"].as_u64().context("no time")?;
                let splits = batch["splits"].as_array().into_iter().flatten();
                for split in splits.filter(|split| split["records"].as_u64() > Some(0)) {
                    let split = split["split"].as_str().context("no name")?.to_owned();
                    times.entry(split).or_default().extend((time >= since_ms).then_some(time));
                }
            }
        }
        times.values_mut().for_each(|times| times.sort_unstable());
        Ok(times)
    }

    /// Waits until every partition is read after this instant.
    fn until_all_move(&self, since_ms: u64) -> Result<()> {
        wait::until("a batch of each partition", LONG, || {
            // Reading all that they wrote takes a while itself: not again at once.
            thread::sleep(LOOK);
            let times = self.batches(since_ms)?;
            let moving = times.values().filter(|times| !times.is_empty()).count();
            Ok((moving == usize::from(PARTITIONS)).then_some(()))
        })
    }

    /// The longest time between two batches of one partition since then.
    fn pause(&self, since_ms: u64) -> Result<Duration> {
        let times = self.batches(since_ms)?;
        let pauses = times.values().map(|times| {
            let pairs = std::iter::once(&since_ms).chain(times).zip(times);
            pairs.map(|(before, after)| after - before).max().unwrap_or(0)
        });
        Ok(Duration::from_millis(pauses.max().unwrap_or(0)))
    }

    /// Says how long partitions waited at most when something happened to the group.
    fn tell(&self, what: &str, since_ms: u64, at_most: Duration) -> Result<()> {
        self.until_all_move(now_ms()?)?;
        let pause = self.pause(since_ms)?;
        println!("{what}: a partition waited {pause:?} at most");
        ensure!(pause <= at_most, "{what}: a partition waited {pause:?}");
        Ok(())
    }

    fn start(&self, member: usize) -> Result<Gateway> {
        let gateway = self.0[member].start_with_progress()?;
        gateway.wait_for_more_than(gateway.records()?, LONG)?;
        Ok(gateway)
    }
}

#[test]
fn three_gateways_share_a_group_and_lose_nothing() -> Result<()> {
    let (kafka, cassandra) = (Kafka::shared()?, Cassandra::shared()?);
    let topic = kafka.topic("orders", PARTITIONS)?;
    let destination = Destination::table(cassandra)?;
    let source = format!(
        "assign = \"group\"\ngroup = \"{}\"\nsession_timeout = \"{}s\"",
        name::unique("three"),
        SESSION.as_secs()
    );
    let config = destination.config(kafka, &topic, &source);
    let config = config.replace("interval = \"50ms\"", "interval = \"100ms\"");
    let members = Members([Scene::new(&config)?, Scene::new(&config)?, Scene::new(&config)?]);
    let feed = Feed::start_shared(kafka, &topic, Ledger::new(500));

    let one = members.start(0)?;
    members.until_all_move(now_ms()?)?;
    let begun = now_ms()?;
    let two = members.start(1)?;
    members.tell("a second member joined", begun, POLITE)?;
    let begun = now_ms()?;
    let three = members.start(2)?;
    members.tell("a third member joined", begun, POLITE)?;

    let begun = now_ms()?;
    two.kill()?;
    members.tell("a member was killed", begun, SESSION + POLITE)?;
    let begun = now_ms()?;
    let two = members.start(1)?;
    members.tell("it came back", begun, POLITE)?;
    let begun = now_ms()?;
    one.stop(LONG)?;
    members.tell("a member left", begun, POLITE)?;
    // Two at once: the last one has all.
    let begun = now_ms()?;
    two.kill()?;
    three.stop(LONG)?;
    let one = members.start(0)?;
    members.tell("one left, one was killed, one came", begun, SESSION + 2 * POLITE)?;

    let ledger = feed.finish()?;
    wait::until("the last record", LONG, || {
        Ok((destination.count(&members.0[0])? >= ledger.written()).then_some(()))
    })?;
    one.stop(LONG)?;
    let findings = destination.audit(&members.0[0], &ledger)?;
    ensure!(findings.right == ledger.written(), "{findings}");
    println!("{findings}");
    Ok(())
}

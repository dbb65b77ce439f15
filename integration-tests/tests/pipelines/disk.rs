//! Guarantees: while the disk of the checkpoint is full, nothing is committed and nothing is lost,
//! and the pipeline goes on by itself when there is room.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use forebay_integration_tests::servers::{Cassandra, Destination, Feed, Kafka, Ledger, name};
use forebay_integration_tests::{Scene, wait};

/// What takes a second may take longer on a busy machine.
const LONG: Duration = Duration::from_secs(90);

/// As long as no position may move.
const STILL: Duration = Duration::from_secs(1);

/// Room for some hundred batches in the checkpoint, which would be written anew only when it has
/// a mebibyte.
const ROOM_KIB: u32 = 64;

fn fills_up(destination: &Destination<'_>) -> Result<()> {
    let kafka = Kafka::shared()?;
    let (topic, group) = (kafka.topic("full", 8)?, name::unique("full"));
    // The group shows what the source was told.
    let config = destination.config(kafka, &topic, &format!("group = \"{group}\""));
    let scene = Scene::new(&config.replace("interval = \"50ms\"", "interval = \"10ms\""))?;
    let feed = Feed::start_shared(kafka, &topic, Ledger::new(200).with_a_hot_key());

    let gateway = scene.start_quietly_on_a_small_disk(ROOM_KIB)?;
    gateway.wait_for_words("the checkpoint cannot be written; trying again", LONG)?;
    let folder = scene.path("checkpoints/orders/checkpoint");
    gateway.wait_for_words(&folder.display().to_string(), LONG)?;
    // What was told before is on its way.
    let told = || -> Result<i64> { Ok(kafka.committed(&group, &topic)?.iter().flatten().sum()) };
    let mut settled = told()?;
    wait::until("the last position that is told", LONG, || {
        std::thread::sleep(STILL);
        let now = told()?;
        let is_still = now == settled;
        settled = now;
        Ok(is_still.then_some(()))
    })?;
    wait::unchanged("what the source was told", STILL, told)?;
    ensure!(settled > 0, "nothing was committed before the disk was full");

    let begun = Instant::now();
    gateway.make_room()?;
    wait::until("more than was told before", LONG, || Ok((told()? > settled).then_some(())))?;
    println!("it went on {:?} after there was room", begun.elapsed());
    let ledger = feed.finish()?;
    gateway.stop(LONG)?;
    scene.drain()?;
    let findings = destination.audit(&scene, &ledger)?;
    ensure!(findings.right == ledger.written(), "{findings}");
    println!("{findings}");
    Ok(())
}

#[test]
fn the_disk_of_the_checkpoint_is_full_on_the_way_to_cassandra() -> Result<()> {
    fills_up(&Destination::table(Cassandra::shared()?)?)
}

#[test]
fn the_disk_of_the_checkpoint_is_full_on_the_way_to_kafka() -> Result<()> {
    fills_up(&Destination::topic(Kafka::shared()?)?)
}

//! Records that go into agents, and come out of a gateway.

use std::time::Duration;

use anyhow::{Result, ensure};
use forebay_integration_tests::servers::FlumeAgent;
use forebay_integration_tests::servers::flume::Lines;
use forebay_integration_tests::{Chance, Expectation, Record, Scene, Sender, to_files, wait};

/// The longest that the last record may take: an agent pauses for 5 s after each failure, and a sink
/// that is polled keeps what was not acknowledged for as long.
const LONG: Duration = Duration::from_secs(90);

/// The configuration of a gateway with this source and files behind it.
pub(crate) fn config(source: &str) -> String {
    to_files("events", source)
}

/// Kills the gateway three times and the agent once in between, while lines keep coming, and expects
/// all of them to arrive.
pub(crate) fn killed(scene: &Scene, agent: &FlumeAgent) -> Result<()> {
    let mut chance = Chance::new();
    eprintln!("FOREBAY_CRASH_SEED={}", chance.seed());
    let mut expectation = spool(agent, "spooled", 2_000)?;
    let sender = Sender::start::<Lines>("lines".to_owned(), agent.address().port());
    for round in 0..3 {
        let gateway = scene.start_with_progress()?;
        // Long enough for the agent to have come back, and to be in the middle of it.
        let before = gateway.records()?;
        gateway.wait_for_more_than(before, Duration::from_secs(60))?;
        gateway
            .kill_after(chance.short_of(Duration::from_millis(1), Duration::from_millis(500)))?;
        if round == 1 {
            agent.node().kill_and_start()?;
        }
    }
    expectation.absorb(sender.finish()?);
    let gateway = scene.start()?;
    expect_all(scene, &expectation)?;
    gateway.stop(Scene::DRAIN)
}

/// Has an agent spool so many records of a lane.
pub(crate) fn spool(agent: &FlumeAgent, lane: &str, records: u64) -> Result<Expectation> {
    let mut expectation = Expectation::default();
    let mut text = String::new();
    for number in 0..records {
        let record = Record::new(lane, number);
        text.push_str(&record.line());
        text.push('\n');
        expectation.once(&record);
    }
    agent.spool(&format!("{lane}.txt"), &text)?;
    Ok(expectation)
}

/// Waits until everything that is due has arrived, and expects nothing else to have. What an agent
/// was not told to be safe it sends again, so a record may be there more than once.
pub(crate) fn expect_all(scene: &Scene, expectation: &Expectation) -> Result<()> {
    ensure!(expectation.due() > 0, "no record was ever acknowledged");
    let mut lost = usize::MAX;
    let arrived = wait::until("all records", LONG, || {
        let report = expectation.compare_folder(&scene.output())?;
        lost = report.lost.len();
        Ok((lost == 0).then_some(report))
    });
    let report = arrived.map_err(|error| error.context(format!("{lost} records are missing")))?;
    ensure!(report.wrong.is_empty(), "{report}");
    Ok(())
}

//! The promise behind an acknowledgement, put to the test: what was acknowledged is in the files
//! exactly once, whenever the gateway is killed.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::chance::{Chance, rounds};
use crate::{Client, Expectation, Scene, Sender, Watcher, crash_points, port};

const CLIENTS: usize = 4;

/// Makes the configuration of a gateway that takes records on a port and writes files.
pub type Config = fn(u16) -> String;

/// Kills the gateway at random instants while clients send.
///
/// # Errors
/// What is lost, doubled, wrong or unreadable.
#[expect(clippy::print_stderr, reason = "a run that failed is repeated by its seed")]
pub fn at_random_instants<C: Client>(config: Config) -> Result<()> {
    let mut chance = Chance::new();
    eprintln!("FOREBAY_CRASH_SEED={}", chance.seed());
    let port = port::free()?;
    let scene = Scene::new(&config(port))?;
    let watcher = Watcher::start(scene.output());
    let clients = clients::<C>(port);
    for _ in 0..rounds() {
        let gateway = scene.start()?;
        gateway.kill_after(chance.short_of(Duration::from_millis(30), Duration::from_secs(1)))?;
    }
    let expectation = finish(clients)?;
    scene.drain()?;
    watcher.finish()?;
    ensure!(expectation.due() > 0, "no record was ever acknowledged");
    expectation.compare_folder(&scene.output())?.clean()
}

/// Lets the gateway end at each named point of a batch while clients send.
///
/// # Errors
/// What is lost, doubled, wrong or unreadable, and at which point.
pub fn at_every_named_point<C: Client>(config: Config) -> Result<()> {
    for point in crash_points::BATCH {
        let port = port::free()?;
        let scene = Scene::new(&config(port))?;
        let gateway = scene.start_to_crash_at(point, 3)?;
        let clients = clients::<C>(port);
        gateway.expect_crash(Duration::from_secs(30)).with_context(|| (*point).to_owned())?;
        let expectation = finish(clients)?;
        scene.drain().with_context(|| (*point).to_owned())?;
        let report = expectation.compare_folder(&scene.output())?;
        report.clean().with_context(|| (*point).to_owned())?;
    }
    Ok(())
}

fn clients<C: Client>(port: u16) -> Vec<Sender> {
    (0..CLIENTS).map(|number| Sender::start::<C>(format!("client-{number}"), port)).collect()
}

fn finish(clients: Vec<Sender>) -> Result<Expectation> {
    let mut expectation = Expectation::default();
    for client in clients {
        expectation.absorb(client.finish()?);
    }
    Ok(expectation)
}

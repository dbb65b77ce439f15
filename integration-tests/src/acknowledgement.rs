//! The promise behind an acknowledgement, put to the test: what was acknowledged is in the files
//! exactly once, whenever the gateway is killed.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::chance::{Chance, rounds};
use crate::{Client, Expectation, Scene, Sender, Watcher, crash_points, port};

const CLIENTS: usize = 4;

/// Makes the configuration of a gateway that takes records on a port and writes files.
pub type Config = fn(u16) -> String;

/// Kills the gateway at random instants while clients send, also while it writes over old
/// [segments](crate::SMALL_SEGMENTS) of its journal.
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
    let mut over = 0;
    for _ in 0..rounds() {
        let gateway = scene.start()?;
        gateway.kill_after(chance.short_of(Duration::from_millis(30), Duration::from_secs(1)))?;
        over += u32::from(is_written_over(&scene.path("checkpoints"))?);
    }
    let expectation = finish(clients)?;
    scene.drain()?;
    watcher.finish()?;
    ensure!(expectation.due() > 0, "no record was ever acknowledged");
    ensure!(over > 0, "no gateway was killed while it wrote over an old segment");
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

/// Whether the last segment of a journal somewhere in the folder has the file of an older one: its
/// version is 2.
fn is_written_over(folder: &Path) -> Result<bool> {
    if !folder.exists() {
        return Ok(false);
    }
    let mut last = None;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && is_written_over(&path)? {
            return Ok(true);
        }
        if path.extension().is_some_and(|extension| extension == "segment") {
            last = last.max(Some(path));
        }
    }
    Ok(last.map(fs::read).transpose()?.is_some_and(|bytes| bytes.get(8) == Some(&2)))
}

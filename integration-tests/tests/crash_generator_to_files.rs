//! Guarantees: whatever instant or named point the gateway is killed at, the files hold each
//! generated record exactly once, and at no time is a file visible that is not whole.

use std::time::Duration;

use anyhow::{Context, Result};
use forebay_integration_tests::chance::{Chance, rounds};
use forebay_integration_tests::{Expectation, Orders, Scene, Watcher, crash_points};

#[test]
fn killed_at_random_instants() -> Result<()> {
    let mut chance = Chance::new();
    eprintln!("FOREBAY_CRASH_SEED={}", chance.seed());
    // More than can be made before the last kill.
    let rate = Orders::default().rate;
    let orders = Orders { records: rate * u64::from(rounds()), ..Orders::default() };
    let expected = orders.undisturbed()?;
    let scene = Scene::new(&orders.config())?;
    let watcher = Watcher::start(scene.output());
    for _ in 0..rounds() {
        let gateway = scene.start()?;
        gateway.kill_after(chance.short_of(Duration::from_millis(30), Duration::from_secs(1)))?;
    }
    orders.finish(&scene, &expected)?;
    watcher.finish()?;
    Ok(())
}

#[test]
fn ended_at_every_named_point() -> Result<()> {
    let orders = Orders::default();
    let expected = orders.undisturbed()?;
    let points = crash_points::BATCH.iter().chain(&["mid-append"]);
    // Not the first time, so that something stands before it.
    points.copied().try_for_each(|point| end_at(point, 3, &orders, &expected))
}

#[test]
fn ended_while_the_log_is_written_anew() -> Result<()> {
    // So many splits that the log grows as it usually does within weeks; so few records a second
    // that a batch has about one of each split, and none is spared a line by a slow machine.
    let orders = Orders { records: 40_000, rate: 5_000, splits: 1_000, ..Orders::default() };
    let expected = orders.undisturbed()?;
    end_at("mid-compaction", 1, &orders, &expected)
}

fn end_at(point: &str, count: u32, orders: &Orders, expected: &Expectation) -> Result<()> {
    let scene = Scene::new(&orders.config())?;
    let watcher = Watcher::start(scene.output());
    let gateway = scene.start_to_crash_at(point, count)?;
    gateway
        .expect_crash(Duration::from_secs(30))
        .and_then(|()| orders.finish(&scene, expected))
        .and_then(|()| watcher.finish())
        .with_context(|| point.to_owned())?;
    Ok(())
}

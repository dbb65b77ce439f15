//! Guarantees: whatever instant or named point the gateway is killed at, the files hold each
//! generated record exactly once, and at no time is a file visible that is not whole.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::chance::{Chance, rounds};
use forebay_integration_tests::{Expectation, Identity, Scene, Watcher, crash_points, visible};
use serde_json::Value;

/// Records per second, over all splits.
const RATE: u64 = 4_000;

/// At the given rate, or as fast as can be: the records are the same.
fn config(records: u64, unlimited: bool) -> String {
    format!(
        r#"
        [sources.orders]
        type = "generator"
        splits = 4
        rows_per_second = {RATE}
        unlimited = {unlimited}
        count = {records}
        seed = 7

        [sinks.out]
        type = "files"
        path = "out"
        format = "json"
        roll_interval = "100ms"
        roll_rows = 500

        [pipelines.orders]
        from = ["orders"]
        to = ["out"]
        interval = "20ms"
        "#
    )
}

/// What the generator makes when nobody disturbs it: the same seed makes the same records.
fn undisturbed(records: u64) -> Result<Expectation> {
    let scene = Scene::new(&config(records, true))?;
    scene.drain()?;
    let expectation = Expectation::from_undisturbed(&scene.output(), order)?;
    ensure!(expectation.due() as u64 == records, "{} records", expectation.due());
    Ok(expectation)
}

/// Lets the gateway make the rest, and compares.
fn finish(scene: &Scene, watcher: Watcher, records: u64, expected: &Expectation) -> Result<()> {
    scene.configure(&config(records, true))?;
    scene.drain()?;
    watcher.finish()?;
    let mut report = expected.compare(&visible::values(&scene.output())?, order);
    // Splits share a file: the order of the numbers over all of them says nothing.
    report.out_of_order.clear();
    report.clean()
}

/// Orders are numbered over all splits.
fn order(value: &Value) -> Option<Identity> {
    Some(Identity { lane: "orders".to_owned(), number: value.get("id")?.as_u64()? })
}

#[test]
fn killed_at_random_instants() -> Result<()> {
    let mut chance = Chance::new();
    eprintln!("FOREBAY_CRASH_SEED={}", chance.seed());
    // More than can be made before the last kill.
    let records = RATE * u64::from(rounds());
    let expected = undisturbed(records)?;
    let scene = Scene::new(&config(records, false))?;
    let watcher = Watcher::start(scene.output());
    for _ in 0..rounds() {
        let gateway = scene.start()?;
        gateway.kill_after(chance.short_of(Duration::from_millis(30), Duration::from_secs(1)))?;
    }
    finish(&scene, watcher, records, &expected)
}

#[test]
fn ended_at_every_named_point() -> Result<()> {
    let records = 2 * RATE;
    let expected = undisturbed(records)?;
    for point in crash_points::BATCH.iter().chain(crash_points::CHECKPOINT) {
        let scene = Scene::new(&config(records, false))?;
        let watcher = Watcher::start(scene.output());
        let gateway = scene.start_to_crash_at(point, count(point))?;
        gateway
            .expect_crash(Duration::from_secs(30))
            .and_then(|()| finish(&scene, watcher, records, &expected))
            .with_context(|| (*point).to_owned())?;
    }
    Ok(())
}

/// Not the first time, so that something stands before it; a compaction is rare.
fn count(point: &str) -> u32 {
    if point == "mid-compaction" { 1 } else { 3 }
}

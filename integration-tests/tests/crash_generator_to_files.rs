//! Guarantees: whatever instant or named point the gateway is killed at, the files hold each
//! generated record exactly once, and at no time is a file visible that is not whole.

use std::time::Duration;

use anyhow::{Context, Result};
use forebay_integration_tests::chance::{Chance, rounds};
use forebay_integration_tests::{Expectation, Identity, Scene, Watcher, crash_points};
use serde_json::Value;

const RECORDS: u64 = 20_000;

/// `rate` is over all four splits, in records per second.
fn config(rate: u64, records: u64) -> String {
    format!(
        r#"
        [sources.orders]
        type = "generator"
        splits = 4
        rows_per_second = {rate}
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
fn undisturbed(rate: u64, records: u64) -> Result<Expectation> {
    let scene = Scene::new(&config(rate, records))?;
    scene.drain()?;
    let expectation = Expectation::from_undisturbed(&scene.output(), order)?;
    anyhow::ensure!(expectation.due() as u64 == records, "{} records", expectation.due());
    Ok(expectation)
}

/// Orders are numbered over all splits.
fn order(value: &Value) -> Option<Identity> {
    Some(Identity { lane: "orders".to_owned(), number: value.get("id")?.as_u64()? })
}

/// Each record once. Splits share a file, so the order of the numbers says nothing here.
fn compare(expectation: &Expectation, scene: &Scene) -> Result<()> {
    let files = forebay_integration_tests::visible::values(&scene.output())?;
    let mut report = expectation.compare(&files, order);
    report.out_of_order.clear();
    report.clean()
}

#[test]
fn killed_at_random_instants() -> Result<()> {
    let rate = RECORDS / 5;
    let expectation = undisturbed(RECORDS * 10, RECORDS)?;
    let mut chance = Chance::new();
    eprintln!("FOREBAY_CRASH_SEED={}", chance.seed());
    let scene = Scene::new(&config(rate, RECORDS))?;
    let watcher = Watcher::start(scene.output());
    for _ in 0..rounds() {
        let gateway = scene.start()?;
        let delay = chance.short_of(Duration::from_millis(30), Duration::from_millis(1_200));
        gateway.kill_after(delay)?;
    }
    scene.drain()?;
    watcher.finish()?;
    compare(&expectation, &scene)
}

#[test]
fn ended_at_every_named_point() -> Result<()> {
    const FEW: u64 = 4_000;
    let expectation = undisturbed(FEW * 10, FEW)?;
    for point in crash_points::BATCH.iter().chain(crash_points::CHECKPOINT) {
        let scene = Scene::new(&config(FEW, FEW))?;
        let watcher = Watcher::start(scene.output());
        let gateway = scene.start_to_crash_at(point, 3)?;
        gateway.expect_crash(Duration::from_secs(30)).with_context(|| (*point).to_owned())?;
        scene.drain().with_context(|| (*point).to_owned())?;
        watcher.finish().with_context(|| (*point).to_owned())?;
        compare(&expectation, &scene).with_context(|| (*point).to_owned())?;
    }
    Ok(())
}

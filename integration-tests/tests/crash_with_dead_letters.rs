//! Guarantees: whatever instant or named point the gateway is killed at, each of two sinks that
//! begin new files at different times holds each good record exactly once, and the dead letters
//! hold each broken one exactly once, with its bytes.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::chance::{Chance, rounds};
use forebay_integration_tests::{Expectation, Identity, Scene, crash_points, visible};
use serde_json::{Value, json};

const RATE: u64 = 4_000;

fn config(records: u64, unlimited: bool) -> String {
    format!(
        r#"
        [sources.orders]
        type = "generator"
        as = "json"
        broken_ratio = 0.02
        splits = 3
        rows_per_second = {RATE}
        unlimited = {unlimited}
        count = {records}
        seed = 11
        format = "json"
        schema = {{ id = "bigint", symbol = "text", price = "double" }}

        [sinks.quick]
        type = "files"
        path = "quick"
        format = "json"
        roll_rows = 150

        [sinks.slow]
        type = "files"
        path = "slow"
        format = "json"
        partition_by = ["symbol"]
        roll_interval = "300ms"

        [pipelines.orders]
        from = ["orders"]
        to = ["quick", "slow"]
        interval = "20ms"
        "#
    )
}

/// What has to be in each of the three places.
struct Expected {
    quick: Expectation,
    slow: Expectation,
    letters: Expectation,
}

fn letters(scene: &Scene) -> Result<Vec<(PathBuf, Vec<Value>)>> {
    // When and in which batch a letter was written may differ from run to run.
    let lasting = |letter: &Value| {
        json!({
            "split": letter["split"], "position": letter["position"],
            "class": letter["class"], "bytes": letter["bytes"],
        })
    };
    let files = visible::values(&scene.path("checkpoints/orders/dead-letters"))?;
    Ok(files
        .into_iter()
        .map(|(path, values)| (path, values.iter().map(lasting).collect()))
        .collect())
}

fn order(value: &Value) -> Option<Identity> {
    Some(Identity { lane: "orders".to_owned(), number: value.get("id")?.as_u64()? })
}

fn letter(value: &Value) -> Option<Identity> {
    let lane = value.get("split")?.as_str()?.to_owned();
    Some(Identity { lane, number: value.get("position")?.as_str()?.parse().ok()? })
}

fn undisturbed(records: u64) -> Result<Expected> {
    let scene = Scene::new(&config(records, true))?;
    scene.drain()?;
    let expected = Expected {
        quick: Expectation::from_undisturbed(&scene.path("quick"), order)?,
        slow: Expectation::from_undisturbed(&scene.path("slow"), order)?,
        letters: Expectation::from_values(letters(&scene)?, letter)?,
    };
    let (good, broken) = (expected.quick.due(), expected.letters.due());
    ensure!(broken > 0 && expected.slow.due() == good, "{good} are good, {broken} broken");
    ensure!((good + broken) as u64 == records, "{good} are good, {broken} broken");
    Ok(expected)
}

/// Lets the gateway make the rest, and compares.
fn finish(scene: &Scene, records: u64, expected: &Expected) -> Result<()> {
    scene.configure(&config(records, true))?;
    scene.drain()?;
    let places = [
        ("quick", expected.quick.compare(&visible::values(&scene.path("quick"))?, order)),
        ("slow", expected.slow.compare(&visible::values(&scene.path("slow"))?, order)),
        ("dead letters", expected.letters.compare(&letters(scene)?, letter)),
    ];
    for (place, mut report) in places {
        // Splits share a file: the order of the numbers over all of them says nothing.
        report.out_of_order.clear();
        report.clean().context(place)?;
    }
    Ok(())
}

#[test]
fn killed_at_random_instants() -> Result<()> {
    let mut chance = Chance::new();
    eprintln!("FOREBAY_CRASH_SEED={}", chance.seed());
    let records = RATE * u64::from(rounds());
    let expected = undisturbed(records)?;
    let scene = Scene::new(&config(records, false))?;
    for _ in 0..rounds() {
        let gateway = scene.start()?;
        gateway.kill_after(chance.short_of(Duration::from_millis(30), Duration::from_secs(1)))?;
    }
    finish(&scene, records, &expected)
}

#[test]
fn ended_at_every_named_point() -> Result<()> {
    let records = 2 * RATE;
    let expected = undisturbed(records)?;
    for point in crash_points::BATCH {
        let scene = Scene::new(&config(records, false))?;
        let gateway = scene.start_to_crash_at(point, 3)?;
        gateway
            .expect_crash(Duration::from_secs(30))
            .and_then(|()| finish(&scene, records, &expected))
            .with_context(|| (*point).to_owned())?;
    }
    Ok(())
}

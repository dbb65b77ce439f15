//! Guarantees: whatever instant or named point `forebay dead-letters replay` is killed at, the next
//! one finishes what it began. Each letter that can be delivered is delivered, with what its source
//! said of it; each that cannot is a dead letter still.
//!
//! A crash at a named point, while letters are on their way, doubles nothing. A crash before, while
//! letters are taken out of their files, may leave one file's letters in two places: these are then
//! delivered twice.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::chance::{Chance, rounds};
use forebay_integration_tests::{Expectation, Identity, Report, Scene, crash_points, visible};
use serde_json::{Value, json};

const RATE: u64 = 2_000;

/// With this schema no record can be decoded.
const STRICT: &str = "{ id = \"bigint\", symbol = \"bigint\" }";
/// With this one all can that are JSON.
const MENDED: &str = "{ id = \"bigint\", symbol = \"text\" }";

fn config(records: u64, schema: &str, limit: &str) -> String {
    format!(
        r#"
        [sources.orders]
        type = "generator"
        as = "json"
        broken_ratio = 0.02
        splits = 3
        unlimited = true
        count = {records}
        seed = 11
        format = "json"
        schema = {schema}

        [sinks.out]
        type = "files"
        path = "out"
        format = "json"
        roll_rows = 150

        [pipelines.orders]
        from = ["orders"]
        to = ["out"]
        interval = "20ms"
        {limit}
        "#
    )
}

/// A scene in which all records are dead letters, and the configuration is mended. A replay takes
/// its time.
fn all_dead(records: u64) -> Result<Scene> {
    let scene = Scene::new(&config(records, STRICT, ""))?;
    scene.drain()?;
    ensure!(
        letters(&scene)?.iter().map(|(_, letters)| letters.len() as u64).sum::<u64>() == records
    );
    scene.configure(&config(records, MENDED, &format!("max_rate = {RATE}")))?;
    Ok(scene)
}

/// The letters that wait, without what differs from attempt to attempt.
fn letters(scene: &Scene) -> Result<Vec<(PathBuf, Vec<Value>)>> {
    let folder = scene.path("checkpoints/orders/dead-letters");
    let lasting = |letter: &Value| {
        json!({
            "split": letter["split"], "position": letter["position"],
            "bytes": letter["bytes"], "columns": letter["columns"],
        })
    };
    let waiting =
        visible::values(&folder)?.into_iter().filter(|(path, _)| path.parent() == Some(&folder));
    Ok(waiting.map(|(path, values)| (path, values.iter().map(lasting).collect())).collect())
}

fn order(value: &Value) -> Option<Identity> {
    Some(Identity { lane: "orders".to_owned(), number: value.get("id")?.as_u64()? })
}

fn letter(value: &Value) -> Option<Identity> {
    let lane = value.get("split")?.as_str()?.to_owned();
    Some(Identity { lane, number: value.get("position")?.as_str()?.parse().ok()? })
}

/// The rows and the letters that have to be there in the end.
struct Expected {
    rows: Expectation,
    letters: Expectation,
}

/// What a run with the mended schema makes of the same records.
fn undisturbed(records: u64) -> Result<Expected> {
    let scene = Scene::new(&config(records, MENDED, ""))?;
    scene.drain()?;
    let rows = Expectation::from_undisturbed(&scene.output(), order)?;
    let letters = Expectation::from_values(letters(&scene)?, letter)?;
    ensure!(letters.due() > 0 && (rows.due() + letters.due()) as u64 == records);
    Ok(Expected { rows, letters })
}

/// Replays the rest, and compares rows and letters.
fn finish(scene: &Scene, records: u64, expected: &Expected) -> Result<[Report; 2]> {
    scene.configure(&config(records, MENDED, ""))?;
    scene.start_replay(None)?.expect_success(Scene::DRAIN)?;
    let mut reports = [
        expected.rows.compare(&visible::values(&scene.output())?, order),
        expected.letters.compare(&letters(scene)?, letter),
    ];
    for report in &mut reports {
        // Files of letters and their splits are replayed side by side.
        report.out_of_order.clear();
    }
    Ok(reports)
}

#[test]
fn killed_at_random_instants() -> Result<()> {
    let mut chance = Chance::new();
    eprintln!("FOREBAY_CRASH_SEED={}", chance.seed());
    let records = RATE * u64::from(rounds()) / 2;
    let scene = all_dead(records)?;
    for _ in 0..rounds() {
        let replay = scene.start_replay(None)?;
        replay.kill_after(chance.short_of(Duration::from_millis(5), Duration::from_millis(400)))?;
    }
    for mut report in finish(&scene, records, &undisturbed(records)?)? {
        report.duplicated.clear();
        report.clean()?;
    }
    Ok(())
}

#[test]
fn ended_at_every_named_point() -> Result<()> {
    let records = RATE / 2;
    let expected = undisturbed(records)?;
    for point in crash_points::BATCH {
        let scene = all_dead(records)?;
        scene
            .start_replay(Some((point, 3)))?
            .expect_crash(Duration::from_secs(30))
            .and_then(|()| finish(&scene, records, &expected))
            .and_then(|reports| reports.iter().try_for_each(Report::clean))
            .with_context(|| (*point).to_owned())?;
    }
    Ok(())
}

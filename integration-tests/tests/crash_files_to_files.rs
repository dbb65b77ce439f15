//! Guarantees: whatever instant or named point the gateway is killed at, each record of each file
//! that was dropped into the folder is in the output exactly once, and files that are to be
//! deleted when they were taken are gone in the end.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::chance::{Chance, rounds};
use forebay_integration_tests::record::Record;
use forebay_integration_tests::{Expectation, Scene, Watcher, crash_points, visible, wait};

/// What becomes of files that were taken.
const AFTER: [&str; 2] = ["keep", "delete"];

fn config(after: &str) -> String {
    format!(
        r#"
        [sources.drops]
        type = "files"
        path = "in"
        glob = "*.json"
        settle = "0s"
        after = "{after}"
        scan_interval = "100ms"
        format = "json"
        schema = {schema}

        [sinks.out]
        type = "files"
        path = "out"
        format = "json"
        roll_interval = "100ms"
        roll_rows = 500

        [pipelines.drops]
        from = ["drops"]
        to = ["out"]
        interval = "20ms"
        "#,
        schema = Record::SCHEMA
    )
}

/// Puts a file into the input folder at once, as a careful writer does: under a hidden name
/// first, then by its own.
fn drop_file(
    scene: &Scene,
    number: u64,
    records: u64,
    expectation: &mut Expectation,
) -> Result<()> {
    let folder = scene.path("in");
    fs::create_dir_all(&folder)?;
    let lane = format!("file-{number:05}");
    let mut text = String::new();
    for record in (0..records).map(|number| Record::new(&lane, number)) {
        text += &record.line();
        text.push('\n');
        expectation.once(&record);
    }
    let hidden = folder.join(format!(".{lane}.json"));
    fs::write(&hidden, text)?;
    fs::rename(hidden, folder.join(Path::new(&lane).with_extension("json")))?;
    Ok(())
}

/// Lets the gateway take the rest, and compares.
fn finish(scene: &Scene, after: &str, expectation: &Expectation) -> Result<()> {
    scene.drain()?;
    expectation.compare_folder(&scene.output())?.clean()?;
    let left = visible::files(&scene.path("in"))?;
    ensure!(after == "keep" || left.is_empty(), "not deleted: {left:?}");
    Ok(())
}

#[test]
fn killed_at_random_instants() -> Result<()> {
    let mut chance = Chance::new();
    eprintln!("FOREBAY_CRASH_SEED={}", chance.seed());
    for after in AFTER {
        let scene = Scene::new(&config(after))?;
        let mut expectation = Expectation::default();
        drop_file(&scene, 0, 5_000, &mut expectation)?;
        let watcher = Watcher::start(scene.output());
        for round in 1..=rounds() {
            let gateway = scene.start()?;
            for file in 0..5 {
                let records = 1 + chance.below(1_500);
                drop_file(&scene, u64::from(round) * 10 + file, records, &mut expectation)?;
            }
            let delay = chance.short_of(Duration::from_millis(30), Duration::from_secs(1));
            gateway.kill_after(delay)?;
        }
        finish(&scene, after, &expectation).context(after)?;
        watcher.finish()?;
    }
    Ok(())
}

#[test]
fn ended_at_every_named_point() -> Result<()> {
    for after in AFTER {
        for point in crash_points::BATCH {
            end_at(point, after).with_context(|| format!("{point}, {after}"))?;
        }
    }
    Ok(())
}

fn end_at(point: &str, after: &str) -> Result<()> {
    let scene = Scene::new(&config(after))?;
    let mut expectation = Expectation::default();
    let mut gateway = scene.start_to_crash_at(point, 2)?;
    // The point is met in the second batch, and how many files a batch takes is not said: files
    // go on coming until it is.
    let mut number = 0;
    wait::until(point, Duration::from_secs(30), || {
        number += 1;
        drop_file(&scene, number, 50, &mut expectation)?;
        Ok(gateway.has_ended()?.then_some(()))
    })?;
    gateway.expect_crash(Duration::from_secs(30))?;
    finish(&scene, after, &expectation)
}

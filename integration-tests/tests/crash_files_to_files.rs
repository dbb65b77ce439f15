//! Guarantees: whatever instant or named point the gateway is killed at, each record of each file
//! that was dropped into the folder is in the output exactly once.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use forebay_integration_tests::chance::{Chance, rounds};
use forebay_integration_tests::record::Record;
use forebay_integration_tests::{Expectation, Scene, Watcher, crash_points};

fn config() -> String {
    format!(
        r#"
        [sources.drops]
        type = "files"
        path = "in"
        glob = "*.json"
        settle = "0s"
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

#[test]
fn killed_at_random_instants() -> Result<()> {
    let mut chance = Chance::new();
    eprintln!("FOREBAY_CRASH_SEED={}", chance.seed());
    let scene = Scene::new(&config())?;
    let mut expectation = Expectation::default();
    drop_file(&scene, 0, 5_000, &mut expectation)?;
    let watcher = Watcher::start(scene.output());
    for round in 1..=rounds() {
        let gateway = scene.start()?;
        for file in 0..5 {
            let records = 1 + chance.below(1_500);
            drop_file(&scene, u64::from(round) * 10 + file, records, &mut expectation)?;
        }
        gateway.kill_after(chance.short_of(Duration::from_millis(30), Duration::from_secs(1)))?;
    }
    scene.drain()?;
    watcher.finish()?;
    expectation.compare_folder(&scene.output())?.clean()
}

#[test]
fn ended_at_every_named_point() -> Result<()> {
    for point in crash_points::BATCH {
        let scene = Scene::new(&config())?;
        let mut expectation = Expectation::default();
        let gateway = scene.start_to_crash_at(point, 2)?;
        let mut gateway = Some(gateway);
        // The point is met in the second batch, and how many files a batch takes is not said:
        // files go on coming until it is.
        let mut number = 0;
        forebay_integration_tests::wait::until(point, Duration::from_secs(30), || {
            number += 1;
            drop_file(&scene, number, 50, &mut expectation)?;
            match gateway.as_mut().map(forebay_integration_tests::Gateway::has_ended) {
                Some(Ok(false)) => Ok(None),
                _ => Ok(gateway.take()),
            }
        })?
        .expect_crash(Duration::from_secs(30))
        .with_context(|| (*point).to_owned())?;
        scene.drain().with_context(|| (*point).to_owned())?;
        let report = expectation.compare_folder(&scene.output())?;
        report.clean().with_context(|| (*point).to_owned())?;
    }
    Ok(())
}

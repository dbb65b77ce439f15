//! Guarantees: whatever instant or named point the gateway is killed at, each record of each file
//! that was dropped into the folder is in the output exactly once, and files that are to be
//! deleted when they were taken are gone in the end.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::chance::{Chance, rounds};
use forebay_integration_tests::{
    Drops, Expectation, Scene, Watcher, crash_points, to_files, visible, wait,
};

/// What becomes of files that were taken.
const AFTER: [&str; 2] = ["keep", "delete"];

fn config(after: &str) -> String {
    to_files(
        "drops",
        &format!(
            r#"
            type = "files"
            path = "in"
            glob = "*.json"
            settle = "0s"
            after = "{after}"
            scan_interval = "100ms"
            "#
        ),
    )
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
        let mut drops = Drops::new(scene.path("in"))?;
        drops.drop_file(5_000, &mut expectation)?;
        let watcher = Watcher::start(scene.output());
        for _ in 0..rounds() {
            let gateway = scene.start()?;
            for _ in 0..5 {
                drops.drop_file(1 + chance.below(1_500), &mut expectation)?;
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
    let mut drops = Drops::new(scene.path("in"))?;
    let mut gateway = scene.start_to_crash_at(point, 2)?;
    // The point is met in the second batch, and how many files a batch takes is not said: files
    // go on coming until it is.
    wait::until(point, Duration::from_secs(30), || {
        drops.drop_file(50, &mut expectation)?;
        Ok(gateway.has_ended()?.then_some(()))
    })?;
    gateway.expect_crash(Duration::from_secs(30))?;
    finish(&scene, after, &expectation)
}

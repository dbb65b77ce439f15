//! Guarantees: whatever instant or named point the gateway is killed at, while a log grows and is
//! rotated by renaming, by copying and truncating, or with compression, also while the gateway is
//! away, each of its lines is in the output exactly once.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use forebay_integration_tests::chance::{Chance, rounds};
use forebay_integration_tests::{
    Expectation, LogWriter, Rotation, Scene, Watcher, crash_points, to_files, wait,
};

const ROTATIONS: [Rotation; 3] = [Rotation::Rename, Rotation::Copy, Rotation::Compress];

fn config() -> String {
    to_files("logs", "type = \"tail\"\npaths = [\"logs/app.log*\"]\nrotate_wait = \"60s\"")
}

/// Writes and rotates until it is told to stop.
fn write(
    writer: &mut LogWriter,
    rotation: Rotation,
    chance: &mut Chance,
    expectation: &mut Expectation,
    stop: &AtomicBool,
) -> Result<()> {
    while !stop.load(Ordering::Relaxed) {
        writer.write(1 + chance.below(200), expectation)?;
        if chance.below(12) == 0 {
            writer.rotate(rotation)?;
        }
        thread::sleep(wait::PAUSE);
    }
    Ok(())
}

/// Lets the gateway take the rest, and compares. Copies that were just made are looked at when
/// they are a second old.
fn finish(scene: &Scene, expectation: &Expectation) -> Result<()> {
    let gateway = scene.start()?;
    let due = expectation.due();
    wait::until("all records", Scene::DRAIN, || {
        let report = expectation.compare_folder(&scene.output())?;
        Ok((report.rows >= due || !report.wrong.is_empty()).then_some(()))
    })
    .with_context(|| {
        let report = expectation.compare_folder(&scene.output());
        format!("{report:?}\n{}", gateway.last_words())
    })?;
    wait::unchanged("what there is", Duration::from_secs(2), || {
        Ok(expectation.compare_folder(&scene.output())?.rows)
    })?;
    gateway.stop(Scene::DRAIN)?;
    expectation.compare_folder(&scene.output())?.clean()
}

#[test]
fn killed_at_random_instants() -> Result<()> {
    for rotation in ROTATIONS {
        let mut chance = Chance::new();
        eprintln!("FOREBAY_CRASH_SEED={} {rotation:?}", chance.seed());
        let scene = Scene::new(&config())?;
        let mut expectation = Expectation::default();
        let mut writer = LogWriter::new(&scene.path("logs"), "log")?;
        let watcher = Watcher::start(scene.output());
        for _ in 1..=rounds() {
            let gateway = scene.start()?;
            let delay = chance.short_of(Duration::from_millis(30), Duration::from_secs(1));
            let stop = AtomicBool::new(false);
            thread::scope(|scope| {
                let writing = scope
                    .spawn(|| write(&mut writer, rotation, &mut chance, &mut expectation, &stop));
                let killed = gateway.kill_after(delay);
                stop.store(true, Ordering::Relaxed);
                let written = writing.join().map_err(|_| anyhow!("the writer broke off"))?;
                killed.and(written)
            })?;
            // While nobody looks.
            writer.write(1 + chance.below(100), &mut expectation)?;
            if chance.below(2) == 0 {
                writer.rotate(rotation)?;
                writer.write(chance.below(100), &mut expectation)?;
            }
        }
        finish(&scene, &expectation).with_context(|| format!("{rotation:?}"))?;
        watcher.finish()?;
    }
    Ok(())
}

#[test]
fn ended_at_every_named_point() -> Result<()> {
    for rotation in ROTATIONS {
        for point in crash_points::BATCH {
            end_at(point, rotation).with_context(|| format!("{point}, {rotation:?}"))?;
        }
    }
    Ok(())
}

fn end_at(point: &str, rotation: Rotation) -> Result<()> {
    let scene = Scene::new(&config())?;
    let mut expectation = Expectation::default();
    let mut writer = LogWriter::new(&scene.path("logs"), "log")?;
    let mut gateway = scene.start_to_crash_at(point, 2)?;
    wait::until(point, Duration::from_secs(30), || {
        writer.write(20, &mut expectation)?;
        Ok(gateway.has_ended()?.then_some(()))
    })?;
    gateway.expect_crash(Duration::from_secs(30))?;
    writer.rotate(rotation)?;
    writer.write(20, &mut expectation)?;
    finish(&scene, &expectation)?;
    fs::remove_dir_all(scene.path("logs"))?;
    Ok(())
}

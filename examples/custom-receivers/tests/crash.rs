//! Guarantees: however often the binary is killed, the reliable receiver loses no file, and takes
//! again at most the one that it had stored and not yet deleted; and what the unreliable one stored
//! is there, once.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::chance::{Chance, rounds};
use forebay_integration_tests::{
    Expectation, Gateway, Record, Scene, Watcher, crash_points, to_files, visible, wait,
};

fn start(scene: &Scene, options: &[&str], variables: &[(&str, &str)]) -> Result<Gateway> {
    let config = scene.config().display().to_string();
    let arguments = [&["run", &config], options].concat();
    let binary = Path::new(env!("CARGO_BIN_EXE_my-forebay"));
    Gateway::start(binary, scene.folder(), &arguments, variables)
}

/// Lets it write what is in its journal, and end.
fn drain(scene: &Scene) -> Result<()> {
    start(scene, &["--available-now"], &[])?.expect_success(Scene::DRAIN)
}

/// Files that are put into the folder of a spool, a record in each.
struct Notes {
    folder: PathBuf,
    expectation: Expectation,
    next: u64,
}

impl Notes {
    fn new(scene: &Scene) -> Result<Self> {
        let folder = scene.path("in");
        fs::create_dir(&folder)?;
        Ok(Self { folder, expectation: Expectation::default(), next: 0 })
    }

    fn put(&mut self, count: u64) -> Result<()> {
        for number in self.next..self.next + count {
            let record = Record::new("note", number);
            let name = format!("{number:06}");
            let hidden = self.folder.join(format!(".{name}"));
            fs::write(&hidden, record.line())?;
            fs::rename(hidden, self.folder.join(name))?;
            self.expectation.once(&record);
        }
        self.next += count;
        Ok(())
    }

    /// Waits until all are taken, and compares: each crash may have doubled one.
    fn finish(&self, scene: &Scene, crashes: usize) -> Result<()> {
        let gateway = start(scene, &[], &[])?;
        wait::until("all files to be taken", Scene::DRAIN, || {
            Ok(fs::read_dir(&self.folder)?.next().is_none().then_some(()))
        })
        .with_context(|| gateway.last_words())?;
        // It may not even hear signals yet, if the last file was taken before.
        gateway.kill()?;
        drain(scene)?;
        let report = self.expectation.compare_folder(&scene.output())?;
        ensure!(report.lost.is_empty() && report.wrong.is_empty(), "{report}");
        let again: usize = report.duplicated.iter().map(|(_, times)| times - 1).sum();
        ensure!(again <= crashes, "{again} files were taken again after {crashes} crashes");
        Ok(())
    }
}

fn spool() -> Result<Scene> {
    Scene::new(&to_files("notes", "type = \"spool\"\nfolder = \"in\"\nevery = \"10ms\""))
}

#[test]
fn the_reliable_one_loses_nothing_when_it_is_killed() -> Result<()> {
    let mut chance = Chance::new();
    eprintln!("FOREBAY_CRASH_SEED={}", chance.seed());
    let scene = spool()?;
    let mut notes = Notes::new(&scene)?;
    let watcher = Watcher::start(scene.output());
    for _ in 0..rounds() {
        let running = start(&scene, &[], &[])?;
        notes.put(1 + chance.below(60))?;
        running.kill_after(chance.short_of(Duration::from_millis(30), Duration::from_secs(1)))?;
    }
    notes.finish(&scene, usize::try_from(rounds())?)?;
    watcher.finish().map(drop)
}

#[test]
fn the_reliable_one_loses_nothing_when_it_ends_at_any_named_point() -> Result<()> {
    for point in crash_points::BATCH {
        let scene = spool()?;
        let mut notes = Notes::new(&scene)?;
        let mut running = start(&scene, &[], &[(crash_points::VARIABLE, &format!("{point}:2"))])?;
        wait::until(point, Duration::from_secs(30), || {
            notes.put(3)?;
            Ok(running.has_ended()?.then_some(()))
        })?;
        running.expect_crash(Duration::from_secs(30))?;
        notes.finish(&scene, 1).with_context(|| (*point).to_owned())?;
    }
    Ok(())
}

/// Each reading of this file is another one, so that one that is stored twice is found.
const GAUGE: &str = r#"
[sources.gauge]
type = "gauge"
path = "/proc/sys/kernel/random/uuid"
every = "10ms"
format = "text"

[sinks.out]
type = "files"
path = "out"
format = "json"
roll_interval = "100ms"

[pipelines.gauge]
from = ["gauge"]
to = ["out"]
interval = "20ms"
"#;

/// The readings that are there.
fn readings(scene: &Scene) -> Result<Vec<String>> {
    let files = visible::values(&scene.output())?;
    let rows = files.iter().flat_map(|(_, values)| values);
    let text = |row: &serde_json::Value| row["value"].as_str().map(|it| it.trim().to_owned());
    rows.map(|row| text(row).with_context(|| row.to_string())).collect()
}

#[test]
fn what_the_unreliable_one_stored_is_there_once_when_it_is_killed() -> Result<()> {
    let mut chance = Chance::new();
    eprintln!("FOREBAY_CRASH_SEED={}", chance.seed());
    let scene = Scene::new(GAUGE)?;
    let watcher = Watcher::start(scene.output());
    for _ in 0..rounds() {
        let running = start(&scene, &[], &[])?;
        running.kill_after(chance.short_of(Duration::from_millis(30), Duration::from_secs(1)))?;
    }
    drain(&scene)?;
    watcher.finish()?;
    let readings = readings(&scene)?;
    let distinct: BTreeSet<&String> = readings.iter().collect();
    ensure!(distinct.len() == readings.len(), "some of {} readings came twice", readings.len());
    ensure!(readings.len() >= usize::try_from(rounds())?, "{} readings", readings.len());
    ensure!(readings.iter().all(|reading| reading.len() == 36), "{readings:?}");
    Ok(())
}

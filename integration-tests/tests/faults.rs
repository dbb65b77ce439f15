//! Guarantees: when what the gateway needs is taken away, it waits, says so, and goes on without
//! loss when it is mended; it stops as it is told to, and lets nobody else into its checkpoint.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::{Gateway, Orders, Scene, visible, wait};
use rustix::process::Signal;
use serde_json::Value;

/// What usually takes a blink may take longer on a busy machine.
const LONG: Duration = Duration::from_secs(30);

/// As long as nothing may move.
const STILL: Duration = Duration::from_millis(500);

/// Records for longer than a scenario runs.
fn many() -> Orders {
    Orders { records: 20_000, rate: 1_000, ..Orders::default() }
}

/// A way to take a folder away.
#[derive(Clone, Copy, Debug)]
enum Loss {
    /// It has another name.
    Moved,
    /// It has another name, and a plain file has its own.
    Replaced,
}

impl Loss {
    const ALL: [Self; 2] = [Self::Moved, Self::Replaced];

    fn strike(self, folder: &Path) -> Result<()> {
        fs::rename(folder, folder.with_extension("aside"))?;
        match self {
            Self::Moved => Ok(()),
            Self::Replaced => Ok(fs::write(folder, "in the way")?),
        }
    }

    fn mend(self, folder: &Path) -> Result<()> {
        match self {
            Self::Moved => {}
            Self::Replaced => fs::remove_file(folder)?,
        }
        Ok(fs::rename(folder.with_extension("aside"), folder)?)
    }
}

/// A gateway that has moved its first records.
fn running(scene: &Scene) -> Result<Gateway> {
    let gateway = scene.start_with_progress()?;
    gateway.wait_for_more_than(0, LONG)?;
    Ok(gateway)
}

/// Expects that the gateway names the folder, and that nothing moves.
fn expect_waiting(gateway: &Gateway, folder: &Path) -> Result<()> {
    gateway.wait_for_words(&folder.display().to_string(), LONG)?;
    wait::unchanged("the count of records", STILL, || gateway.records())
}

fn expect_moving(gateway: &Gateway) -> Result<()> {
    gateway.wait_for_more_than(gateway.records()?, LONG)
}

/// The folder is lost and mended while the gateway runs.
fn lose_and_mend(folder: impl Fn(&Scene) -> PathBuf) -> Result<()> {
    let orders = many();
    let expected = orders.undisturbed()?;
    for loss in Loss::ALL {
        let scene = Scene::new(&orders.config())?;
        let folder = folder(&scene);
        let gateway = running(&scene)?;
        loss.strike(&folder)?;
        expect_waiting(&gateway, &folder)
            .and_then(|()| loss.mend(&folder))
            .and_then(|()| expect_moving(&gateway))
            .and_then(|()| gateway.stop(LONG))
            .and_then(|()| orders.finish(&scene, &expected))
            .with_context(|| format!("{loss:?}"))?;
    }
    Ok(())
}

#[test]
fn the_folder_of_the_files_is_lost() -> Result<()> {
    lose_and_mend(Scene::output)
}

fn checkpoint(scene: &Scene) -> PathBuf {
    scene.path("checkpoints/orders/checkpoint")
}

#[test]
fn the_folder_of_the_checkpoint_is_lost() -> Result<()> {
    lose_and_mend(checkpoint)
}

#[test]
fn the_folder_of_the_checkpoint_is_deleted_and_made_anew() -> Result<()> {
    let orders = many();
    let expected = orders.undisturbed()?;
    let scene = Scene::new(&orders.config())?;
    let gateway = running(&scene)?;
    fs::remove_dir_all(checkpoint(&scene))?;
    expect_waiting(&gateway, &checkpoint(&scene))?;
    fs::create_dir(checkpoint(&scene))?;
    expect_moving(&gateway)?;
    // No farewell: what is in the new folder has to do.
    gateway.kill()?;
    orders.finish(&scene, &expected)
}

#[test]
fn the_disk_is_full() -> Result<()> {
    // One file for all, which does not fit.
    let sink = "roll_interval = \"1h\"\nroll_bytes = \"1GiB\"";
    let orders = Orders { rate: 20_000, sink, ..many() };
    let expected = orders.undisturbed()?;
    let scene = Scene::new(&orders.config())?;
    let gateway = scene.start_on_a_small_disk(1024)?;
    gateway.wait_for_words("starting again from the checkpoint", LONG)?;
    gateway.wait_for_words(&scene.output().display().to_string(), LONG)?;
    ensure!(visible::files(&scene.output())?.is_empty(), "a file is visible that is not whole");
    gateway.make_room()?;
    wait::until("the last record", LONG, || {
        Ok((records_reached(&gateway) >= orders.records).then_some(()))
    })?;
    gateway.stop(LONG)?;
    orders.finish(&scene, &expected)
}

/// The highest position of all splits together that a batch reached: unlike a sum over batches,
/// it does not count twice what was written again.
fn records_reached(gateway: &Gateway) -> u64 {
    let mut reached = BTreeMap::new();
    let words = gateway.words();
    let lines = words.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    for progress in lines {
        for split in progress["splits"].as_array().into_iter().flatten() {
            let until = split["until"].as_str().and_then(|until| until.parse().ok());
            reached.insert(split["split"].to_string(), until.unwrap_or(0));
        }
    }
    reached.values().sum()
}

#[test]
fn stopping_writes_what_was_read() -> Result<()> {
    // Nothing would be visible for an hour.
    let orders = Orders { sink: "roll_interval = \"1h\"", ..many() };
    let expected = orders.undisturbed()?;
    let scene = Scene::new(&orders.config())?;
    let gateway = running(&scene)?;
    gateway.signal(Signal::TERM)?;
    wait::until("the end", LONG, || Ok(gateway.words().contains("all committed").then_some(())))?;
    let records = gateway.records()?;
    gateway.expect_success(LONG)?;
    ensure!(records == visible::count_lines(&scene.output())? as u64, "{records} were read");
    orders.finish(&scene, &expected)
}

#[test]
fn stopping_ends_at_the_deadline_when_nothing_can_be_written() -> Result<()> {
    let orders = Orders { pipeline: "stop_timeout = \"1s\"", ..many() };
    let expected = orders.undisturbed()?;
    for folder in [Scene::output, checkpoint] {
        let scene = Scene::new(&orders.config())?;
        let (gateway, folder) = (running(&scene)?, folder(&scene));
        Loss::Replaced.strike(&folder)?;
        expect_waiting(&gateway, &folder)?;
        let told = Instant::now();
        gateway.stop(Duration::from_secs(10)).with_context(|| folder.display().to_string())?;
        ensure!(told.elapsed() < Duration::from_secs(5), "it took {:?}", told.elapsed());
        Loss::Replaced.mend(&folder)?;
        orders.finish(&scene, &expected).with_context(|| folder.display().to_string())?;
    }
    Ok(())
}

#[test]
fn a_second_interrupt_does_not_wait() -> Result<()> {
    let orders = Orders { pipeline: "stop_timeout = \"10m\"", ..many() };
    let expected = orders.undisturbed()?;
    let scene = Scene::new(&orders.config())?;
    let mut gateway = running(&scene)?;
    Loss::Replaced.strike(&checkpoint(&scene))?;
    expect_waiting(&gateway, &checkpoint(&scene))?;
    gateway.signal(Signal::INT)?;
    gateway.wait_for_words("stopping", LONG)?;
    // Signals that come together are one wish: a supervisor may signal a process and its group. So
    // the next one may be too early, but one of those after it is not.
    wait::until("the end", Duration::from_secs(10), || {
        gateway.signal(Signal::INT)?;
        Ok(gateway.has_ended()?.then_some(()))
    })?;
    gateway.expect_exit(1, Duration::from_secs(10))?;
    Loss::Replaced.mend(&checkpoint(&scene))?;
    orders.finish(&scene, &expected)
}

#[test]
fn a_second_gateway_is_refused() -> Result<()> {
    let orders = many();
    let expected = orders.undisturbed()?;
    let scene = Scene::new(&orders.config())?;
    let first = running(&scene)?;
    let second = scene.start()?;
    let sentence = format!("is in use by process {} on ", first.id());
    second.wait_for_words(&sentence, LONG)?;
    second.expect_exit(1, LONG)?;
    expect_moving(&first)?;
    first.stop(LONG)?;
    orders.finish(&scene, &expected)
}

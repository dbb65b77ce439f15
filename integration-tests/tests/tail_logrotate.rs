//! Guarantees: while the real `logrotate` rotates a log that grows, by renaming, by copying and
//! truncating, with compression at once or a turn later, and deletes the oldest, each line that
//! stood in a file when the gateway looked is in the output exactly once.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::{Expectation, LogWriter, Scene, to_files, wait};

const TURNS: u64 = 8;

fn config() -> String {
    to_files(
        "logs",
        "type = \"tail\"\npaths = [\"logs/app.log\"]\nrotate_wait = \"2s\"\nforget_after = \"2s\"",
    )
}

/// Rotates once.
fn logrotate(scene: &Scene, options: &str) -> Result<()> {
    let file = scene.path("logrotate.conf");
    let log = scene.path("logs/app.log");
    fs::write(&file, format!("{} {{\n rotate 3\n {options}\n}}\n", log.display()))?;
    // It refuses what others may write.
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644))?;
    fs::set_permissions(scene.path("logs"), fs::Permissions::from_mode(0o755))?;
    let output = Command::new("logrotate")
        .arg("--force")
        .arg("--state")
        .arg(scene.path("logrotate.state"))
        .arg(&file)
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .output()
        .context("logrotate cannot be started; on Debian, `apt-get install logrotate` brings it")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn rows(scene: &Scene, expectation: &Expectation) -> Result<usize> {
    Ok(expectation.compare_folder(&scene.output())?.rows)
}

fn rotate(options: &str, reopens: bool) -> Result<()> {
    let scene = Scene::new(&config())?;
    let mut expectation = Expectation::default();
    let mut writer = LogWriter::new(&scene.path("logs"), "log")?;
    let gateway = scene.start()?;
    let arrived = |scene: &Scene, expectation: &Expectation| {
        let due = expectation.due();
        wait::until("all records", Duration::from_secs(60), || {
            Ok((rows(scene, expectation)? >= due).then_some(()))
        })
        .with_context(|| gateway.last_words())
    };
    for turn in 0..TURNS {
        // So that the gateway has seen the file before it goes.
        writer.write(1, &mut expectation)?;
        arrived(&scene, &expectation)?;
        writer.write(50 + turn, &mut expectation)?;
        logrotate(&scene, options)?;
        if reopens {
            // Written by a program that has not heard of the rotation yet.
            writer.write(5, &mut expectation)?;
        }
        writer.reopen()?;
    }
    writer.write(1, &mut expectation)?;
    arrived(&scene, &expectation)?;
    wait::unchanged("what there is", Duration::from_secs(3), || rows(&scene, &expectation))?;
    gateway.stop(Scene::DRAIN)?;
    expectation.compare_folder(&scene.output())?.clean()?;
    ensure!(fs::read_dir(scene.path("logs"))?.count() == 4, "the oldest are deleted");
    // Nor does anything come again after a restart.
    let again = scene.start()?;
    writer.write(10, &mut expectation)?;
    let due = expectation.due();
    wait::until("the last records", Duration::from_secs(60), || {
        Ok((rows(&scene, &expectation)? >= due).then_some(()))
    })?;
    wait::unchanged("what there is", Duration::from_secs(2), || rows(&scene, &expectation))?;
    again.stop(Scene::DRAIN)?;
    expectation.compare_folder(&scene.output())?.clean()
}

#[test]
fn by_renaming() -> Result<()> {
    rotate("nocompress\n create", true)
}

#[test]
fn by_copying_and_truncating() -> Result<()> {
    rotate("nocompress\n copytruncate", false)
}

#[test]
fn with_compression_a_turn_later() -> Result<()> {
    rotate("compress\n delaycompress\n create", true)
}

#[test]
fn by_copying_truncating_and_compressing_at_once() -> Result<()> {
    rotate("compress\n copytruncate", false)
}

//! Guarantees: 20 000 files that nothing is written to cost less than 1 % of a core, and what is
//! added to one of them is found among them at once.

use std::fs::{self, File};
use std::io::Write;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::{Gateway, Scene, visible, wait};

const FILES: usize = 20_000;
const LONG: Duration = Duration::from_secs(120);
/// How long processor time is counted.
const WINDOW: Duration = Duration::from_secs(6);
/// The default of `scan_interval`, in seconds.
const SCAN_INTERVAL: f64 = 30.0;

fn config(scan_interval: &str) -> String {
    format!(
        r#"
        [sources.logs]
        type = "tail"
        paths = ["logs/*.log"]
        scan_interval = "{scan_interval}"

        [sinks.out]
        type = "files"
        path = "out"
        format = "json"
        roll_interval = "100ms"

        [pipelines.logs]
        from = ["logs"]
        to = ["out"]
        interval = "500ms"
        "#
    )
}

/// Waits until there are so many lines in the output.
fn arrived(scene: &Scene, gateway: &Gateway, lines: usize) -> Result<()> {
    let there = || Ok((visible::count_lines(&scene.output())? >= lines).then_some(()));
    wait::until(&format!("{lines} lines"), LONG, there).with_context(|| gateway.last_words())
}

/// The share of a core that it takes while nothing happens, in percent.
fn share(gateway: &Gateway) -> Result<f64> {
    // Time has to pass: processor time by time is what is measured.
    thread::sleep(Duration::from_secs(1));
    let before = gateway.processor_time()?;
    thread::sleep(WINDOW);
    let spent = gateway.processor_time()?.saturating_sub(before);
    Ok(spent.as_secs_f64() / WINDOW.as_secs_f64() * 100.0)
}

#[test]
fn twenty_thousand_idle_files_cost_less_than_one_percent_of_a_core() -> Result<()> {
    let scene = Scene::new(&config("1h"))?;
    let folder = scene.path("logs");
    fs::create_dir(&folder)?;
    for number in 0..FILES {
        fs::write(folder.join(format!("app-{number}.log")), "the only line\n")?;
    }
    let gateway = scene.start()?;
    arrived(&scene, &gateway, FILES)?;
    let still = share(&gateway)?;
    // It is told of changes.
    let mut one = File::options().append(true).open(folder.join("app-12345.log"))?;
    one.write_all(b"another line\n")?;
    arrived(&scene, &gateway, FILES + 1)?;
    gateway.stop(LONG)?;

    // The same with a look at all of them each second, thirty times as often as by default.
    scene.configure(&config("1s"))?;
    let gateway = scene.start()?;
    one.write_all(b"and another\n")?;
    arrived(&scene, &gateway, FILES + 2)?;
    let looking = share(&gateway)?;
    gateway.stop(LONG)?;
    let usual = still + (looking - still).max(0.0) / SCAN_INTERVAL;
    eprintln!("{usual:.2} % of a core: {still:.2} %, and {looking:.2} % with a look each second");
    ensure!(usual < 1.0, "{usual:.2} % of a core; {looking:.2} % with a look each second");
    Ok(())
}

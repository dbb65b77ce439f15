//! Guarantees: among 20 000 files that nothing is written to, what is added to one is found at once.
//! What they cost is measured by `bench`.

use std::fs::{self, File};
use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::{Gateway, Scene, visible, wait};

const FILES: usize = 20_000;
const LONG: Duration = Duration::from_secs(120);
/// Twice the default of `max_open`, and what a gateway has open besides.
const MOST_OPEN: usize = 600;

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

#[test]
fn of_twenty_thousand_files_those_that_grow_are_found_and_few_are_open() -> Result<()> {
    let scene = Scene::new(&config("1h"))?;
    let folder = scene.path("logs");
    fs::create_dir(&folder)?;
    for number in 0..FILES {
        fs::write(folder.join(format!("app-{number}.log")), "the only line\n")?;
    }
    let gateway = scene.start()?;
    arrived(&scene, &gateway, FILES)?;
    // The system tells of changes: the next look at all of them is an hour away.
    let mut one = File::options().append(true).open(folder.join("app-12345.log"))?;
    one.write_all(b"another line\n")?;
    arrived(&scene, &gateway, FILES + 1)?;
    let open = gateway.descriptors()?;
    ensure!(open < MOST_OPEN, "{open} files are open");
    gateway.stop(LONG)?;

    // What was written while nobody looked is found by a look at all of them.
    one.write_all(b"and another\n")?;
    scene.configure(&config("1s"))?;
    let gateway = scene.start()?;
    arrived(&scene, &gateway, FILES + 2)?;
    one.write_all(b"and one more\n")?;
    arrived(&scene, &gateway, FILES + 3)?;
    gateway.stop(LONG)
}

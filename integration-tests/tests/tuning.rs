//! Limits that change in the file take effect on SIGHUP, without a restart and without a loss; a
//! file that became wrong changes nothing.

use std::time::Duration;

use anyhow::{Result, ensure};
use forebay_integration_tests::{Gateway, Orders, Scene};
use rustix::process::Signal;

/// What usually takes a blink may take longer on a busy machine.
const LONG: Duration = Duration::from_secs(30);

const SLOW: &str = "max_rate = 100";

fn orders(pipeline: &'static str) -> Orders {
    Orders { records: 30_000, rate: 1_000_000, pipeline, ..Orders::default() }
}

fn hang_up(gateway: &Gateway, expect: &str) -> Result<()> {
    gateway.signal(Signal::HUP)?;
    gateway.wait_for_words(expect, LONG)
}

#[test]
fn limits_change_without_a_restart_or_a_loss() -> Result<()> {
    let expected = orders("").undisturbed()?;
    let scene = Scene::new(&orders(SLOW).config())?;
    let gateway = scene.start_with_progress()?;
    gateway.wait_for_more_than(10, LONG)?;

    scene.configure(&orders("max_rate = \"a few\"").config())?;
    hang_up(&gateway, "the old one stays in force")?;
    let before = gateway.records()?;
    ensure!(before < 5_000, "{before} records: the slow limit does not hold");

    scene.configure(&orders("max_rate = 20_000").config())?;
    hang_up(&gateway, "limits changed in")?;
    // At the old limit this would take five minutes.
    gateway.expect_success(LONG)?;
    orders("").finish(&scene, &expected)
}

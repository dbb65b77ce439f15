//! Without any system.

use anyhow::{Result, ensure};
use forebay_integration_tests::visible;

use crate::copy::{ADMIN, Copy, LONG, stop_after};

#[test]
fn quickstart() -> Result<()> {
    let changes = [
        (ADMIN, "127.0.0.1:0"),
        ("rows_per_second = 20000", "rows_per_second = 2000"),
        ("ramp_up = \"10s\"", "ramp_up = \"0s\""),
    ];
    let copy = Copy::new("quickstart", &changes)?;
    let gateway = copy.start()?;
    stop_after(gateway, 1_000)?;
    let orders = visible::values(&copy.data("quickstart/orders"))?;
    let orders: Vec<_> = orders.iter().flat_map(|(_, values)| values).collect();
    ensure!(orders.len() >= 1_000, "{} orders", orders.len());
    ensure!(orders[0]["symbol"].is_string(), "{}", orders[0]);
    Ok(())
}

#[test]
fn blackhole() -> Result<()> {
    let copy = Copy::new("blackhole", &[("count = 20000000", "count = 100000")])?;
    let gateway = copy.start()?;
    gateway.wait_for_more_than(99_999, LONG)?;
    ensure!(gateway.records()? == 100_000);
    gateway.expect_success(LONG)
}

#[test]
fn generator_to_console() -> Result<()> {
    let copy =
        Copy::new("generator-to-console", &[("rows_per_second = 5", "rows_per_second = 50")])?;
    let gateway = copy.start()?;
    gateway.wait_for_words("sensor", LONG)?;
    stop_after(gateway, 1)
}

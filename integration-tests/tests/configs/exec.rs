//! From and to programs.

use std::fs;

use anyhow::{Result, ensure};
use forebay_integration_tests::visible;

use crate::copy::{ADMIN, Copy, stop_after};

#[test]
fn exec_to_files() -> Result<()> {
    let changes = [(ADMIN, "127.0.0.1:0"), ("sleep 1;", "sleep 0.01;")];
    let copy = Copy::new("exec-to-files", &changes)?;
    stop_after(copy.start()?, 5)?;
    let rows = visible::values(&copy.data("exec-to-files/out"))?;
    let rows: Vec<_> = rows.iter().flat_map(|(_, values)| values).collect();
    ensure!(rows.len() >= 5 && rows[0]["one"].is_f64(), "{rows:?}");
    Ok(())
}

#[test]
fn generator_to_exec() -> Result<()> {
    let copy = Copy::new("generator-to-exec", &[(ADMIN, "127.0.0.1:0")])?;
    let gateway = copy.start()?;
    stop_after(gateway, 50)?;
    let rows = fs::read_to_string(copy.data("generator-to-exec/rows.jsonl"))?;
    ensure!(rows.lines().count() >= 50 && rows.starts_with("{\"id\":0,"), "{rows}");
    Ok(())
}

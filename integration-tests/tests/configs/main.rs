//! Guarantees: every file in `configs/` runs as it stands, but for ports, rates and pauses, takes
//! what is given to it, and its output arrives.

mod cassandra;
mod copy;
mod exec;
mod files;
mod flume;
mod generator;
mod http;
mod kafka;
mod kinesis;
mod socket;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// A scenario names the file that it runs where it copies it.
#[test]
fn no_file_is_forgotten() -> Result<()> {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs");
    let mut code = String::new();
    for entry in fs::read_dir(scenarios)? {
        code += &fs::read_to_string(entry?.path())?.replace(char::is_whitespace, "");
    }
    let mut there = 0;
    for entry in fs::read_dir(copy::originals())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let name = path.file_stem().context("a file without a name")?.display().to_string();
            ensure!(code.contains(&format!("Copy::new(\"{name}\",")), "no scenario runs {name}");
            there += 1;
        }
    }
    ensure!(there >= 20, "{there} files in configs/");
    Ok(())
}

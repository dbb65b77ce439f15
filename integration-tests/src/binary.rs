//! Finding the `forebay` binary, or building it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow, ensure};

/// The binary: the one that `FOREBAY_BIN` names, else the one that Cargo builds beside this test.
/// It is looked for once in each process.
///
/// # Errors
/// If it is not where `FOREBAY_BIN` says, or does not build.
pub fn path() -> Result<&'static Path> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match FOUND.get_or_init(|| find().map_err(|error| format!("{error:#}"))) {
        Ok(path) => Ok(path),
        Err(message) => Err(anyhow!("{message}")),
    }
}

fn find() -> Result<PathBuf> {
    if let Some(named) = env::var_os("FOREBAY_BIN").map(PathBuf::from) {
        ensure!(named.is_file(), "FOREBAY_BIN names {}, which is no file", named.display());
        return Ok(named);
    }
    let beside = beside(&env::current_exe().context("this test cannot tell where it lies")?)
        .context("this test does not lie in Cargo's target folder: set FOREBAY_BIN")?;
    build()?;
    ensure!(beside.is_file(), "the build left no {}: set FOREBAY_BIN", beside.display());
    Ok(beside)
}

/// Where Cargo puts binaries, told from where it put a test: `PROFILE/deps/TEST`.
fn beside(test: &Path) -> Option<PathBuf> {
    let dependencies = test.parent()?;
    let profile = match dependencies.file_name()? == "deps" {
        true => dependencies.parent()?,
        false => return None,
    };
    Some(profile.join(format!("forebay{}", env::consts::EXE_SUFFIX)))
}

/// Builds it as a member of the whole workspace, so that dependencies keep the features that
/// they were just built with.
fn build() -> Result<()> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--workspace", "--bin", "forebay"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .stdin(Stdio::null())
        .status()
        .context("cargo cannot run: set FOREBAY_BIN")?;
    ensure!(status.success(), "`cargo build --workspace --bin forebay` failed: {status}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binary_lies_above_the_tests() {
        let test = Path::new("/t/debug/deps/crash-0123");
        assert_eq!(beside(test), Some(PathBuf::from("/t/debug/forebay")));
        assert_eq!(beside(Path::new("/usr/bin/crash")), None);
    }
}

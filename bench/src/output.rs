//! When a run is done: what it made visible.

use std::fs;
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::process::{PAUSE, Process};

/// The bytes of all visible files below a folder: of those whose names, and folders' names, do
/// not begin with `.` or `_`.
pub(crate) fn visible_bytes(folder: &Path) -> io::Result<u64> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let mut bytes = 0;
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(['.', '_']) {
            continue;
        }
        bytes += match entry.file_type()?.is_dir() {
            true => visible_bytes(&entry.path())?,
            false => entry.metadata()?.len(),
        };
    }
    Ok(bytes)
}

/// Waits until so many bytes are visible, and says how long that took from `begun`.
pub(crate) fn wait_for_bytes(
    folder: &Path,
    bytes: u64,
    begun: Instant,
    process: &mut Process,
) -> Result<Duration> {
    loop {
        let visible = visible_bytes(folder)?;
        if visible >= bytes {
            return Ok(begun.elapsed());
        }
        ensure!(process.look()?, "it ended with {visible} of {bytes} bytes visible");
        ensure!(
            begun.elapsed() < Duration::from_secs(600),
            "{visible} of {bytes} bytes are visible after ten minutes"
        );
        thread::sleep(PAUSE);
    }
}

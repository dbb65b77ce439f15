//! When a run is done: what it made visible.

use std::fs::{self, DirEntry};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::process::{PAUSE, Process};
use crate::tally::Tally;

/// The bytes of all visible files below a folder: of those whose names, and folders' names, do
/// not begin with `.` or `_`.
pub(crate) fn visible_bytes(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    visible(folder, &mut |file| {
        bytes += file.metadata()?.len();
        Ok(())
    })?;
    Ok(bytes)
}

/// The orders in all visible files of JSON lines below a folder.
pub(crate) fn orders(folder: &Path) -> io::Result<Tally> {
    let mut all = Tally::default();
    visible(folder, &mut |file| {
        let mut tally = Tally::default();
        tally.push(&fs::read(file.path())?);
        all.add(&tally);
        Ok(())
    })?;
    Ok(all)
}

fn visible(folder: &Path, each: &mut dyn FnMut(&DirEntry) -> io::Result<()>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(['.', '_']) {
            continue;
        }
        match entry.file_type()?.is_dir() {
            true => visible(&entry.path(), each)?,
            false => each(&entry)?,
        }
    }
    Ok(())
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

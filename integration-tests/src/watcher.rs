//! A reader that looks all the time.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, anyhow, bail};

use crate::{visible, wait};

/// A thread that reads the visible files of a folder all the time, as a downstream job would: a
/// file has to be whole when it is first seen, and never changes or goes after that.
#[derive(Debug)]
pub struct Watcher {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<usize>>>,
}

impl Watcher {
    /// Begins to watch a folder, which need not be there yet.
    #[must_use]
    pub fn start(folder: PathBuf) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut seen = BTreeMap::new();
            loop {
                let last = stopped.load(Ordering::Relaxed);
                look(&folder, &mut seen)?;
                if last {
                    return Ok(seen.len());
                }
                thread::sleep(wait::PAUSE);
            }
        });
        Self { stop, thread: Some(thread) }
    }

    /// Looks a last time and says how many files were seen.
    ///
    /// # Errors
    /// What was wrong with a file, if something ever was.
    pub fn finish(mut self) -> Result<usize> {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take().context("the watcher was finished before")?;
        thread.join().map_err(|_| anyhow!("the watcher panicked"))?
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // The scenario has failed for another reason, which is the one to report.
            let _ = thread.join();
        }
    }
}

/// Looks once. `seen` holds the size of each file that was found whole.
fn look(folder: &Path, seen: &mut BTreeMap<PathBuf, u64>) -> Result<()> {
    let files = visible::files(folder)?;
    for path in &files {
        let size = fs::metadata(path).map(|metadata| metadata.len());
        match (seen.get(path), size) {
            (Some(before), Ok(now)) if *before == now => {}
            (Some(before), Ok(now)) => {
                bail!("{} had {before} bytes when it was seen, now {now}", path.display())
            }
            (_, Err(error)) => bail!("{} was listed, then gone: {error}", path.display()),
            (None, Ok(_)) => {
                let bytes = fs::read(path).with_context(|| format!("{}", path.display()))?;
                visible::parse(path, &bytes)?;
                seen.insert(path.clone(), bytes.len() as u64);
            }
        }
    }
    match seen.keys().find(|path| files.binary_search(path).is_err()) {
        Some(gone) => bail!("{} was visible, and is gone", gone.display()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_then(change: impl FnOnce(&Path)) -> Result<()> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("a.json"), "{}\n")?;
        let mut seen = BTreeMap::new();
        look(folder.path(), &mut seen)?;
        change(folder.path());
        look(folder.path(), &mut seen)
    }

    #[test]
    fn a_new_whole_file_is_well() {
        first_then(|folder| fs::write(folder.join("b.json"), "{}\n").unwrap()).unwrap();
    }

    #[test]
    fn a_torn_a_changed_and_a_vanished_file_are_found() {
        let torn = first_then(|folder| fs::write(folder.join("b.json"), "{}\n{").unwrap());
        assert!(torn.unwrap_err().to_string().contains("does not end"));
        let changed = first_then(|folder| fs::write(folder.join("a.json"), "{}\n{}\n").unwrap());
        assert!(changed.unwrap_err().to_string().contains("had 3 bytes"));
        let gone = first_then(|folder| fs::remove_file(folder.join("a.json")).unwrap());
        assert!(gone.unwrap_err().to_string().contains("is gone"));
    }
}

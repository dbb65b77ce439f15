//! A copy of a configuration, and what all scenarios do with one.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use forebay_integration_tests::{Gateway, binary, visible, wait};
use tempfile::TempDir;

/// The longest wait for anything.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// The admin address of every file: a copy has another.
pub(crate) const ADMIN: &str = "127.0.0.1:8030";

/// A copy of one file, in a folder of its own, as deep as the original: `../data` is beside it.
pub(crate) struct Copy {
    folder: TempDir,
    file: PathBuf,
}

impl Copy {
    /// Copies `configs/NAME.toml` with changes, each of which must find what it replaces.
    pub(crate) fn new(name: &str, changes: &[(&str, &str)]) -> Result<Self> {
        let mut text = fs::read_to_string(originals().join(name).with_extension("toml"))?;
        for (from, to) in changes {
            ensure!(text.contains(from), "{name} holds no `{from}` any more");
            text = text.replace(from, to);
        }
        let folder = tempfile::Builder::new().prefix("forebay-").tempdir()?;
        fs::create_dir_all(folder.path().join("configs"))?;
        let file = folder.path().join("configs").join(name).with_extension("toml");
        fs::write(&file, text)?;
        Ok(Self { folder, file })
    }

    /// A file or folder under `data`.
    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join("data").join(name)
    }

    /// Runs it, with a line of progress for each batch.
    pub(crate) fn start(&self) -> Result<Gateway> {
        let file = self.file.display().to_string();
        let arguments = ["run", &file, "--progress", "jsonl"];
        Gateway::start(binary::path()?, self.folder.path(), &arguments, &[])
    }

    /// Puts a file into a folder under `data`, as the comments of the configurations advise.
    pub(crate) fn drop_file(&self, folder: &str, name: &str, text: &str) -> Result<PathBuf> {
        let folder = self.data(folder);
        fs::create_dir_all(&folder)?;
        let (hidden, path) = (folder.join(format!(".{name}")), folder.join(name));
        fs::write(&hidden, text)?;
        fs::rename(hidden, &path)?;
        Ok(path)
    }

    /// The only visible file below a folder under `data`.
    pub(crate) fn only_file(&self, folder: &str) -> Result<PathBuf> {
        let mut files = visible::files(&self.data(folder))?;
        ensure!(files.len() == 1, "{folder} holds {files:?}");
        files.pop().context("no file")
    }
}

/// The folder of the originals.
pub(crate) fn originals() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../configs"))
}

/// Waits for so many records and stops: what was read is then written.
pub(crate) fn stop_after(gateway: Gateway, records: u64) -> Result<()> {
    gateway.wait_for_more_than(records - 1, LONG)?;
    gateway.stop(LONG)
}

/// Connects as soon as somebody listens.
pub(crate) fn connected<T>(mut connect: impl FnMut() -> std::io::Result<T>) -> Result<T> {
    wait::until("somebody who listens", LONG, || Ok(connect().ok()))
}

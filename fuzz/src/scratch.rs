//! A folder in memory for parsers that read files.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// Where Linux keeps files in memory.
const MEMORY: &str = "/dev/shm";

/// A folder that goes with the process, in memory where there is such a place.
#[derive(Debug)]
pub(crate) struct Scratch(TempDir);

impl Scratch {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new();
        Self(folder.tempdir_in(MEMORY).or_else(|_| folder.tempdir()).unwrap())
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file and says where it is.
    pub(crate) fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.folder().join(name);
        fs::write(&path, content).unwrap();
        path
    }
}

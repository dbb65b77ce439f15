//! A file that is seen when it is whole: written hidden, synced, renamed.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file that is seen when it is whole.
pub(crate) struct Staged {
    hidden: PathBuf,
    name: PathBuf,
}

impl Staged {
    /// Begins a file in a folder, which is made if need be.
    pub(crate) fn create(folder: &Path, name: &str) -> io::Result<(Self, File)> {
        fs::create_dir_all(folder)?;
        let hidden = folder.join(format!(".{name}"));
        let file = File::create(&hidden)?;
        Ok((Self { hidden, name: folder.join(name) }, file))
    }

    /// Syncs the file and its folder, and makes it visible.
    pub(crate) fn publish(self, file: &File) -> io::Result<()> {
        file.sync_all()?;
        fs::rename(&self.hidden, &self.name)?;
        match self.name.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}

/// Writes bytes in pieces: larger writes cost several times as much, see the results.
pub(super) fn write_in_pieces(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    bytes.chunks(1 << 16).try_for_each(|piece| file.write_all(piece))
}

//! Where a pipeline keeps what it must not forget.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// The folder of one pipeline under `[gateway] checkpoints`, and what lies in it.
#[derive(Clone, Debug)]
pub struct Place {
    folder: PathBuf,
    dead_letters: PathBuf,
}

/// Why the folder cannot be used.
#[derive(Debug, Error)]
#[error("the folder `{}` cannot be used: {reason}; make it writable, or name another with `[gateway] checkpoints`", .folder.display())]
pub struct PlaceError {
    folder: PathBuf,
    reason: io::Error,
}

impl Place {
    /// The place of a pipeline.
    #[must_use]
    pub fn new(checkpoints: &Path, pipeline: &str) -> Self {
        let folder = checkpoints.join(file_name(pipeline));
        Self { dead_letters: folder.join("dead-letters"), folder }
    }

    /// The place of a replay of its dead letters: all is its own but the dead letters.
    #[must_use]
    pub fn replay(&self) -> Self {
        Self { folder: self.folder.join("replay"), dead_letters: self.dead_letters.clone() }
    }

    /// The folder itself.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The log of its batches.
    #[must_use]
    pub fn checkpoint(&self) -> PathBuf {
        self.folder.join("checkpoint")
    }

    /// The journal of one of its receivers.
    #[must_use]
    pub fn journal(&self, source: &str) -> PathBuf {
        self.folder.join(format!("journal-{}", file_name(source)))
    }

    /// Its dead letters, where no sink is named for them.
    #[must_use]
    pub fn dead_letters(&self) -> PathBuf {
        self.dead_letters.clone()
    }

    /// A text that no other place has, the same at each start: sinks name temporary files by it.
    ///
    /// # Errors
    /// If the folder cannot be made or read.
    pub fn identity(&self) -> Result<String, PlaceError> {
        let fail = |reason| PlaceError { folder: self.folder.clone(), reason };
        fs::create_dir_all(&self.folder).map_err(fail)?;
        let path = self.folder.join("identity");
        match fs::read_to_string(&path) {
            Ok(text) if is_identity(text.trim()) => return Ok(text.trim().to_owned()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(fail(error)),
        }
        let identity = format!("{:016x}", fastrand::u64(..));
        let fresh = self.folder.join("identity.new");
        fs::write(&fresh, format!("{identity}\n")).map_err(fail)?;
        fs::File::open(&fresh).and_then(|file| file.sync_all()).map_err(fail)?;
        fs::rename(&fresh, &path).map_err(fail)?;
        fs::File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(fail)?;
        Ok(identity)
    }
}

fn is_identity(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A name as a file name: what could mean something to a file system is percent-encoded.
pub(super) fn file_name(name: &str) -> String {
    name.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identity_stays_and_differs_from_place_to_place() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (Place::new(folder.path(), "one"), Place::new(folder.path(), "other"));
        let first = one.identity().unwrap();
        assert_eq!(first, one.identity().unwrap());
        assert_ne!(first, other.identity().unwrap());
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let place = Place::new(Path::new("/var"), "../etc");
        assert_eq!(place.checkpoint(), Path::new("/var/%2E%2E%2Fetc/checkpoint"));
    }
}

//! What becomes of files that were committed.

use std::fs;
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::task::spawn_blocking;

use crate::catalog::Entry;
use crate::identity::{Identity, Stamp};

/// What to do with a file that was read and committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Retire {
    Delete,
    /// To this folder, under the path that it had within its own.
    Move(PathBuf),
}

/// What became of files that were to be deleted or moved.
#[derive(Debug, Default)]
pub(crate) struct Retired {
    /// Those that are gone from the folder.
    pub(crate) files: Vec<Identity>,
    /// How many could not be deleted or moved.
    pub(crate) failures: u64,
}

impl Retire {
    /// Deletes or moves files of a source, as far as possible, in a thread that may block.
    pub(crate) async fn all(self, source: Arc<str>, finished: Vec<Entry>) -> Retired {
        let apply = move || {
            let mut retired = Retired::default();
            for entry in finished {
                match self.apply(&entry.path, &entry.identity, entry.stamp) {
                    Ok(()) => retired.files.push(entry.identity),
                    Err(error) => {
                        retired.failures += 1;
                        tracing::warn!(%source, path = %entry.path.display(), %error, "the file was read and committed, but cannot be deleted or moved: do it by hand");
                    }
                }
            }
            retired
        };
        spawn_blocking(apply).await.unwrap_or_default()
    }

    /// Deletes or moves a file, if it is still the one that was read. It blocks.
    fn apply(&self, path: &Path, file: &Identity, stamp: Stamp) -> Result<()> {
        let now = match fs::metadata(path) {
            Ok(metadata) => Stamp::of(&metadata),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        if !now.same_content(&stamp) {
            return Err(Error::other("it was written to after it was read"));
        }
        match self {
            Self::Delete => fs::remove_file(path),
            Self::Move(folder) => move_to(path, &vacant(folder, file)?),
        }
    }
}

/// A path that no file has yet: a file under the same path that was moved earlier stays.
fn vacant(folder: &Path, file: &Identity) -> Result<PathBuf> {
    let wanted = folder.join(&*file.name);
    if let Some(parent) = wanted.parent() {
        fs::create_dir_all(parent)?;
    }
    if !wanted.try_exists()? {
        return Ok(wanted);
    }
    let mut other = wanted.into_os_string();
    other.push(format!(".{}", file.stamp.modified));
    let other = PathBuf::from(other);
    if other.try_exists()? {
        let text = format!("{} is there already", other.display());
        return Err(Error::new(ErrorKind::AlreadyExists, text));
    }
    Ok(other)
}

fn move_to(path: &Path, target: &Path) -> Result<()> {
    match fs::rename(path, target) {
        Err(error) if error.kind() == ErrorKind::CrossesDevices => {
            let mut part = target.as_os_str().to_owned();
            part.push(".partial");
            fs::copy(path, &part)?;
            fs::File::open(&part)?.sync_all()?;
            fs::rename(&part, target)?;
            fs::remove_file(path)
        }
        done => done,
    }
}

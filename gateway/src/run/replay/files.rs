//! The files with letters in a folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::error::ReplayError;
use crate::run::place::file_name;

/// A folder with dead letters: files of JSON lines, and within it `replaying` and `replayed`.
#[derive(Clone, Debug)]
pub struct LetterFiles {
    folder: PathBuf,
}

impl LetterFiles {
    /// The letters of a folder, which need not exist.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The files whose letters wait, the oldest first.
    ///
    /// # Errors
    /// If the folder cannot be read; one that does not exist has none.
    pub fn waiting(&self) -> Result<Vec<PathBuf>, ReplayError> {
        let mut files = Vec::new();
        for path in entries(&self.folder)? {
            if path.extension().is_some_and(|extension| extension == "jsonl") && path.is_file() {
                let modified = fs::metadata(&path).and_then(|meta| meta.modified());
                files.push((modified.unwrap_or(SystemTime::UNIX_EPOCH), path));
            }
        }
        files.sort();
        Ok(files.into_iter().map(|(_, path)| path).collect())
    }

    /// The files that a replay took and has not finished: run and source of each, and its path.
    ///
    /// # Errors
    /// If a folder cannot be read.
    pub fn under_way(&self) -> Result<Vec<UnderWay>, ReplayError> {
        let mut files = Vec::new();
        for run in entries(&self.replaying())? {
            for source in entries(&run)? {
                for path in entries(&source)? {
                    if path.extension().is_some_and(|extension| extension == "jsonl") {
                        let name = |path: &Path| {
                            path.file_name().unwrap_or_default().to_string_lossy().into_owned()
                        };
                        files.push(UnderWay { run: name(&run), source: name(&source), path });
                    }
                }
            }
        }
        Ok(files)
    }

    fn replaying(&self) -> PathBuf {
        self.folder.join("replaying")
    }

    /// The folder of the letters of one source in one run.
    pub(super) fn of_run(&self, run: &str, source: &str) -> PathBuf {
        self.replaying().join(run).join(file_name(source))
    }

    /// Moves a file whose letters are delivered to `replayed`.
    pub(super) fn retire(&self, path: &Path) -> io::Result<()> {
        let below = path.strip_prefix(self.replaying()).map_err(io::Error::other)?;
        let to = self.folder.join("replayed").join(below);
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
            fs::rename(path, &to)?;
            sync(folder)?;
        }
        let mut folder = path.parent();
        while let Some(empty) = folder.filter(|folder| *folder != self.folder) {
            // A folder that is not empty stays.
            if fs::remove_dir(empty).is_err() {
                break;
            }
            folder = empty.parent();
        }
        Ok(())
    }
}

/// A file that a replay took and has not finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnderWay {
    /// The replay.
    pub run: String,
    /// The source, as its folder is called.
    pub source: String,
    /// The file.
    pub path: PathBuf,
}

/// Makes the names in a folder durable.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

/// What stands in a folder, by name, without what is hidden; nothing if there is no folder.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, ReplayError> {
    let listing = match fs::read_dir(folder) {
        Ok(listing) => listing,
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            return Ok(Vec::new());
        }
        Err(error) => return Err(ReplayError::file(folder)(error)),
    };
    let mut paths = Vec::new();
    for entry in listing {
        let path = entry.map_err(ReplayError::file(folder))?.path();
        let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

//! From staged to visible.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::device::{self, sentence};
use crate::receipt::{FilesReceipt, StagedFile};

/// What became of the files of a receipt.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Publication {
    /// Paths, relative to the folder of the sink, that were made visible now.
    pub(crate) published: Vec<String>,
    /// Files that are neither staged nor visible: published before and taken away since, or
    /// removed by hand.
    pub(crate) missing: Vec<String>,
}

/// Makes the files of a receipt visible under `root`, and syncs the folders that show them. What
/// is visible already is left as it is, so it may be called again, also after a crash anywhere
/// in the middle.
pub(crate) fn publish(root: &Path, receipt: &FilesReceipt) -> Result<Publication, String> {
    if !receipt.files.is_empty() {
        // Without it each file would count as taken away.
        device::require_folder(root)?;
    }
    let staging = root.join(&receipt.staging);
    let mut publication = Publication::default();
    let mut folders = BTreeSet::new();
    for file in &receipt.files {
        let (from, to) = (staging.join(&file.0), root.join(&file.1));
        match show(&from, &to) {
            Ok(Shown::Now) => publication.published.push(file.1.clone()),
            Ok(Shown::Before) => {}
            Ok(Shown::Never) => {
                publication.missing.push(file.1.clone());
                continue;
            }
            Err(error) => return Err(sentence("publish", &to, &error)),
        }
        // Also for files that were visible before: the crash may have come before this sync.
        folders.extend(folders_of(root, file));
    }
    if !folders.is_empty() {
        folders.insert(staging);
    }
    for folder in folders {
        match device::sync_folder(&folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(sentence("sync", &folder, &error));
            }
            _ => {}
        }
    }
    Ok(publication)
}

enum Shown {
    Now,
    Before,
    Never,
}

fn show(from: &Path, to: &Path) -> io::Result<Shown> {
    if !exists(from)? {
        return Ok(if exists(to)? { Shown::Before } else { Shown::Never });
    }
    if let Some(folder) = to.parent() {
        device::make_folder(folder)?;
    }
    match device::rename_without_replacing(from, to) {
        Ok(()) => Ok(Shown::Now),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            if !device::same_file(from, to)? {
                let text = "another file has its name: move that away";
                return Err(io::Error::new(ErrorKind::AlreadyExists, text));
            }
            fs::remove_file(from)?;
            Ok(Shown::Before)
        }
        Err(error) => Err(error),
    }
}

fn exists(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// The folder of a file and all above it, up to the sink's own.
fn folders_of(root: &Path, file: &StagedFile) -> Vec<PathBuf> {
    let above = Path::new(&file.1).ancestors().skip(1);
    above.map(|folder| root.join(folder)).collect()
}

/// Removes everything in a folder of staged files, if there is one.
pub(crate) fn clear(folder: &Path) -> Result<(), String> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(sentence("read", folder, &error)),
    };
    for entry in entries {
        let removed = entry.and_then(|entry| match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path()),
            false => fs::remove_file(entry.path()),
        });
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(sentence("clear", folder, &error));
            }
            _ => {}
        }
    }
    Ok(())
}

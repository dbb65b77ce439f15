//! What pipelines keep on disk, found from the folder that a person names.

use std::io;
use std::path::{Path, PathBuf};

/// Something that a pipeline keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    /// The pipeline, as far as the folder tells; empty if the folder itself was named.
    pub(super) pipeline: String,
    /// The receiver whose journal it is; empty for a checkpoint.
    pub(super) source: String,
    /// Its folder.
    pub(super) folder: PathBuf,
}

/// The checkpoints in a folder, which may be a checkpoint itself, the folder of a pipeline, or
/// that of all pipelines.
///
/// # Errors
/// If the folder cannot be read.
pub(super) fn checkpoints(folder: &Path) -> io::Result<Vec<Kept>> {
    if is_checkpoint(folder) {
        let pipeline = String::new();
        return Ok(vec![Kept { pipeline, source: String::new(), folder: folder.to_owned() }]);
    }
    let mut found = Vec::new();
    let children = sub_folders(folder)?;
    for pipeline in [folder.to_owned()].iter().chain(&children) {
        // A replay of dead letters has a checkpoint of its own.
        for own in [pipeline.join("checkpoint"), pipeline.join("replay").join("checkpoint")] {
            if is_checkpoint(&own) {
                let pipeline = name_of(pipeline);
                found.push(Kept { pipeline, source: String::new(), folder: own });
            }
        }
    }
    Ok(found)
}

/// The journals in a folder, which may be a journal itself, the folder of a pipeline, or that of
/// all pipelines.
///
/// # Errors
/// If the folder cannot be read.
pub(super) fn journals(folder: &Path) -> io::Result<Vec<Kept>> {
    if is_journal(folder)? {
        let (pipeline, source) = (String::new(), journal_of(folder).unwrap_or_default());
        return Ok(vec![Kept { pipeline, source, folder: folder.to_owned() }]);
    }
    let mut found = Vec::new();
    let children = sub_folders(folder)?;
    for pipeline in [folder.to_owned()].iter().chain(&children) {
        for own in sub_folders(pipeline)? {
            if let Some(source) = journal_of(&own) {
                found.push(Kept { pipeline: name_of(pipeline), source, folder: own });
            }
        }
    }
    Ok(found)
}

fn is_checkpoint(folder: &Path) -> bool {
    folder.join("log").is_file()
}

fn is_journal(folder: &Path) -> io::Result<bool> {
    for entry in std::fs::read_dir(folder)? {
        if entry?.path().extension().is_some_and(|extension| extension == "segment") {
            return Ok(true);
        }
    }
    Ok(journal_of(folder).is_some())
}

/// The receiver whose journal a folder is, by its name.
fn journal_of(folder: &Path) -> Option<String> {
    let name = folder.file_name()?.to_str()?;
    name.strip_prefix("journal-").map(decoded)
}

fn name_of(folder: &Path) -> String {
    let full = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    full.file_name().map(|name| decoded(&name.to_string_lossy())).unwrap_or_default()
}

/// The folders in a folder, by name.
fn sub_folders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

/// A file name as the name that it stands for: percent-encoded bytes are decoded.
fn decoded(name: &str) -> String {
    let bytes = name.as_bytes();
    let mut text = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escape = bytes.get(at + 1..at + 3).filter(|_| *byte == b'%');
        let escaped = escape
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        text.push(escaped.unwrap_or(*byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_found_from_each_folder_above_it() {
        let root = tempfile::tempdir().unwrap();
        let own = root.path().join("a%2Eb").join("checkpoint");
        let journal = root.path().join("a%2Eb").join("journal-in%20");
        std::fs::create_dir_all(&own).unwrap();
        std::fs::create_dir_all(&journal).unwrap();
        std::fs::write(own.join("log"), "").unwrap();
        let named = |kept: Vec<Kept>| -> Vec<(String, String, PathBuf)> {
            kept.into_iter().map(|kept| (kept.pipeline, kept.source, kept.folder)).collect()
        };
        let empty = String::new();
        for folder in [root.path(), &root.path().join("a%2Eb")] {
            let expected = [("a.b".to_owned(), empty.clone(), own.clone())];
            assert_eq!(named(checkpoints(folder).unwrap()), expected);
            let expected = [("a.b".to_owned(), "in ".to_owned(), journal.clone())];
            assert_eq!(named(journals(folder).unwrap()), expected);
        }
        assert_eq!(named(checkpoints(&own).unwrap()), [(empty.clone(), empty.clone(), own)]);
        assert_eq!(named(journals(&journal).unwrap()), [(empty, "in ".to_owned(), journal)]);
    }

    #[test]
    fn broken_escapes_stay_as_they_are() {
        assert_eq!(decoded("%2"), "%2");
        assert_eq!(decoded("%zz%41"), "%zzA");
        assert_eq!(decoded("%+1"), "%+1");
    }
}

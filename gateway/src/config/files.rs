//! Finds and reads the files.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::finding::{Finding, Findings};
use super::place::{Place, SourceFile};

/// The largest file that is read.
const MAX_BYTES: u64 = 16 << 20;

/// Reads the files and the `*.toml` of the folders, by name, into `findings`.
pub(super) fn read(paths: &[PathBuf], findings: &mut Findings) {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            match in_folder(path) {
                Ok(found) if found.is_empty() => {
                    let message = format!("there is no *.toml in `{}`", path.display());
                    findings.add(Finding::outside("file", message));
                }
                Ok(found) => files.extend(found),
                Err(error) => findings.add(unreadable(path, &error)),
            }
        } else {
            files.push(path.clone());
        }
    }
    let mut seen = Vec::new();
    for path in files {
        // The same file may be reached twice, by itself and through its folder.
        let identity = path.canonicalize().unwrap_or_else(|_| path.clone());
        if seen.contains(&identity) {
            continue;
        }
        seen.push(identity);
        match read_one(&path) {
            Ok(bytes) => add(path, bytes, findings),
            Err(error) => findings.add(unreadable(&path, &error)),
        }
    }
}

fn in_folder(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !hidden && path.extension().is_some_and(|end| end == "toml") && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn read_one(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_BYTES {
        let message = format!("it has more than {} MiB", MAX_BYTES >> 20);
        return Err(std::io::Error::other(message));
    }
    Ok(bytes)
}

fn add(path: PathBuf, bytes: Vec<u8>, findings: &mut Findings) {
    let file = findings.files.len();
    match String::from_utf8(bytes) {
        Ok(text) => findings.files.push(SourceFile { path, text }),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes().get(..at).unwrap_or_default());
            findings.files.push(SourceFile { path, text: text.into_owned() });
            let place = Place { file, start: at, end: at };
            let message = "from here on, the file is no UTF-8 text";
            findings.add(Finding::error("syntax", place, message));
        }
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Finding {
    Finding::outside("file", format!("`{}` cannot be read: {error}", path.display()))
}

//! The files that anyone may read: those of a folder that are not hidden.
//!
//! A name that begins with `.` or `_` is hidden, as in Spark and Hadoop, and so is all below it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The visible files below a folder, in order of their paths. A folder that is not there yet
/// holds none.
///
/// # Errors
/// If a folder cannot be listed.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    collect(folder, &mut found)?;
    found.sort();
    Ok(found)
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).context(format!("{}", folder.display())),
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_string_lossy().starts_with(['.', '_']) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), found)?;
        } else {
            found.push(entry.path());
        }
    }
    Ok(())
}

/// The values of one file of JSON lines, in order.
///
/// # Errors
/// If a line is no JSON, or the last line has no end: a file must never be seen before it is
/// whole.
pub fn parse(path: &Path, bytes: &[u8]) -> Result<Vec<Value>> {
    if bytes.is_empty() {
        bail!("{} is empty", path.display());
    }
    if bytes.last() != Some(&b'\n') {
        bail!("{} does not end with the end of a line", path.display());
    }
    let lines = bytes[..bytes.len() - 1].split(|byte| *byte == b'\n');
    lines
        .enumerate()
        .map(|(index, line)| {
            serde_json::from_slice(line)
                .with_context(|| format!("{}, line {}, is no JSON", path.display(), index + 1))
        })
        .collect()
}

/// The values of all visible files of a folder, file by file.
///
/// # Errors
/// If a file cannot be read, or is not whole.
pub fn values(folder: &Path) -> Result<Vec<(PathBuf, Vec<Value>)>> {
    files(folder)?
        .into_iter()
        .map(|path| {
            let bytes = fs::read(&path).with_context(|| format!("{}", path.display()))?;
            let values = parse(&path, &bytes)?;
            Ok((path, values))
        })
        .collect()
}

/// How many lines the visible files of a folder hold.
///
/// # Errors
/// If a file cannot be read.
pub fn count_lines(folder: &Path) -> Result<usize> {
    let mut lines = 0;
    for path in files(folder)? {
        let bytes = fs::read(&path).with_context(|| format!("{}", path.display()))?;
        lines += bytes.iter().filter(|byte| **byte == b'\n').count();
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn hidden_files_and_folders_are_not_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("day=1/b.json", "{\"a\":1}\n{\"a\":2}\n");
        write("a.json", "{\"a\":0}\n");
        write(".half.json", "{\"a\"");
        write("_staging/c.json", "{");
        write("day=1/.tmp/d.json", "{");
        let seen: Vec<Value> =
            values(folder.path()).unwrap().into_iter().flat_map(|(_, values)| values).collect();
        assert_eq!(seen, [json!({"a": 0}), json!({"a": 1}), json!({"a": 2})]);
        assert_eq!(count_lines(folder.path()).unwrap(), 3);
        assert!(files(&folder.path().join("nowhere")).unwrap().is_empty());
    }

    #[test]
    fn a_file_that_is_not_whole_is_an_error() {
        let path = Path::new("x.json");
        for torn in [&b""[..], b"{\"a\":1}", b"{\"a\":1}\n{\"a\"\n", b"{}\n\n"] {
            assert!(parse(path, torn).is_err(), "{}", String::from_utf8_lossy(torn));
        }
    }
}

//! The transform's state, kept in a file beside the log.
//!
//! `state-<batch>` holds a line `<crc32 of the bytes, 8 hex digits> <number of bytes>` and then the
//! bytes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::batch::BatchId;
use crate::durable_file;

use super::CheckpointError;

fn path(folder: &Path, batch: BatchId) -> PathBuf {
    folder.join(format!("state-{batch}"))
}

/// Writes the state after a batch; durable on return.
pub(crate) fn write(folder: &Path, batch: BatchId, bytes: &[u8]) -> io::Result<()> {
    let mut content = format!("{:08x} {}\n", crc32fast::hash(bytes), bytes.len()).into_bytes();
    content.extend_from_slice(bytes);
    durable_file::replace(&path(folder, batch), &content)
}

/// Reads the state after a batch.
pub(crate) fn read(folder: &Path, batch: BatchId) -> Result<Vec<u8>, CheckpointError> {
    let path = path(folder, batch);
    let wrong = |what: &str| {
        CheckpointError::Unreadable(format!(
            "{} {what}, and without the state after batch {batch} the pipeline cannot go on; put \
             the file back from a copy, or move {} away to begin anew from the start of the \
             sources",
            path.display(),
            folder.display()
        ))
    };
    match fs::read(&path) {
        Ok(content) => parse(&content).ok_or_else(|| wrong("is damaged")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(wrong("is missing")),
        Err(error) => Err(CheckpointError::Io(format!("cannot read {}: {error}", path.display()))),
    }
}

fn parse(content: &[u8]) -> Option<Vec<u8>> {
    let newline = content.iter().position(|byte| *byte == b'\n')?;
    let (header, bytes) = (&content[..newline], &content[newline + 1..]);
    let expected = format!("{:08x} {}", crc32fast::hash(bytes), bytes.len());
    (header == expected.as_bytes()).then(|| bytes.to_vec())
}

/// Removes all states but the one after `batch`. What cannot be removed now is removed later.
pub(crate) fn sweep(folder: &Path, batch: BatchId) {
    let keep = path(folder, batch);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_state = entry.file_name().to_str().is_some_and(|name| name.starts_with("state-"));
        if is_state
            && entry.path() != keep
            && let Err(error) = fs::remove_file(entry.path())
        {
            tracing::warn!(path = %entry.path().display(), %error, "an old state stays");
        }
    }
}

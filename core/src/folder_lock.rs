//! The lock on a folder that only one process may write.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::durable_file;

/// The lock on a folder, held until this is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct FolderLock {
    _file: File,
}

/// Why a folder could not be locked.
#[derive(Debug)]
pub(crate) enum Denied {
    /// Another process, or another part of this one, has it.
    Held,
    /// The lock file could not be made.
    Io(io::Error),
}

impl FolderLock {
    /// Locks the folder, which must exist. Where the file system knows no locks, it is taken for
    /// granted, with a warning.
    pub(crate) fn take(folder: &Path) -> Result<Self, Denied> {
        let path = folder.join("lock");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(Denied::Io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Denied::Held),
            Err(TryLockError::Error(error)) => {
                tracing::warn!(
                    path = %path.display(), %error,
                    "this file system knows no locks: see to it that one process alone uses it"
                );
            }
        }
        Ok(Self { _file: file })
    }
}

/// Who has a folder, as its file `owner` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owner {
    /// Rises with each opening.
    pub(crate) epoch: u64,
    /// The machine.
    pub(crate) host: String,
    /// The process.
    pub(crate) pid: u32,
    /// Since when, in milliseconds since the Unix epoch.
    pub(crate) since_ms: u64,
}

impl Owner {
    /// This process.
    pub(crate) fn this(epoch: u64, since_ms: u64) -> Self {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname")
            .ok()
            .or_else(|| std::env::var("HOSTNAME").ok())
            .or_else(|| std::env::var("COMPUTERNAME").ok())
            .map_or_else(|| "unknown".to_owned(), |host| host.trim().to_owned());
        Self { epoch, host, pid: std::process::id(), since_ms }
    }

    /// The owner that a folder names; `None` if it names none that can be read.
    pub(crate) fn of(folder: &Path) -> io::Result<Option<Self>> {
        match std::fs::read(folder.join("owner")) {
            Ok(text) => Ok(serde_json::from_slice(&text).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Names this owner in the folder.
    pub(crate) fn write(&self, folder: &Path) -> io::Result<()> {
        let mut text = serde_json::to_vec(self)?;
        text.push(b'\n');
        durable_file::replace(&folder.join("owner"), &text)
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { epoch, host, pid, since_ms } = self;
        write!(f, "process {pid} on {host} (epoch {epoch}, since {since_ms} ms of the Unix epoch)")
    }
}

/// Who has a folder, in words for an error.
pub(crate) fn holder(folder: &Path) -> String {
    match Owner::of(folder) {
        Ok(Some(owner)) => owner.to_string(),
        _ => "another process".to_owned(),
    }
}

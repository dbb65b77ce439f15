//! Appends to the log on disk and keeps it whole.

use std::io;
use std::path::{Path, PathBuf};

use crate::batch::BatchId;
use crate::crash;
use crate::durable_file::{self, DurableFile};
use crate::folder_lock::{Denied, FolderLock, Owner, holder};

use super::CheckpointError;
use super::blob;

/// The name of the log in its folder.
pub(crate) const LOG: &str = "log";

/// A log smaller than this is never compacted, in bytes.
const MIN_COMPACTION: u64 = 1 << 20;

/// Appends to the log on disk and keeps it whole. All calls block.
#[derive(Debug)]
pub(crate) struct Writer {
    folder: PathBuf,
    owner: Owner,
    file: DurableFile,
    /// Where the last whole entry ends.
    len: u64,
    /// The size after the last compaction.
    compacted: u64,
    condition: Condition,
    /// Held until this is dropped.
    lock: Option<FolderLock>,
}

/// Whether the file holds what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    Whole,
    /// A part of an entry may stand behind the last whole one.
    Torn,
    /// A sync failed, or the folder was emptied: what the file holds, or whether anyone will find
    /// it, is not known any more, and it has to be written anew.
    Doubtful,
}

impl Writer {
    /// A writer of a log whose whole entries end at `len`.
    pub(crate) fn new(
        folder: &Path,
        lock: FolderLock,
        owner: Owner,
        len: u64,
    ) -> Result<Self, CheckpointError> {
        let path = folder.join(LOG);
        let mut file = DurableFile::open(&path).map_err(|error| io_error(&path, &error))?;
        file.cut(len).map_err(|error| io_error(&path, &error))?;
        Ok(Self {
            folder: folder.to_owned(),
            owner,
            file,
            len,
            compacted: 0,
            condition: Condition::Whole,
            lock: Some(lock),
        })
    }

    /// Appends a line. On an error the log is as before, or [in doubt](Self::is_doubtful).
    pub(crate) fn append(&mut self, line: &[u8], sync: bool) -> io::Result<()> {
        if self.condition == Condition::Torn {
            self.file.cut(self.len)?;
            self.condition = Condition::Whole;
        }
        crash::point_after("mid-append", || {
            let _ = self.file.write_at(self.len, &line[..line.len() / 2]);
        });
        if let Err(error) = self.file.write_at(self.len, line) {
            self.condition = Condition::Torn;
            if self.file.cut(self.len).is_ok() {
                self.condition = Condition::Whole;
            }
            return Err(error);
        }
        if sync && let Err(error) = self.file.sync() {
            self.condition = Condition::Doubtful;
            return Err(error);
        }
        self.len += line.len() as u64;
        Ok(())
    }

    /// Whether the log has to be written anew before anything else.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.condition == Condition::Doubtful
    }

    /// Whether the log has grown so far that it should be compacted.
    pub(crate) fn is_large(&self) -> bool {
        self.len > MIN_COMPACTION.max(2 * self.compacted)
    }

    /// Writes the log anew with one line, which holds what it amounts to.
    pub(crate) fn compact(&mut self, ledger: &[u8]) -> io::Result<()> {
        let path = self.folder.join(LOG);
        crash::point_after("mid-compaction", || {
            let _ = durable_file::stage(&path, &ledger[..ledger.len() / 2]);
        });
        durable_file::stage(&path, ledger)?;
        // From here on the file that is open may not be the one that has the name.
        self.condition = Condition::Doubtful;
        durable_file::publish(&path)?;
        self.file = DurableFile::open(&path)?;
        self.len = ledger.len() as u64;
        self.compacted = self.len;
        self.condition = Condition::Whole;
        Ok(())
    }

    /// Makes sure that the folder is still ours. One that names nobody was emptied or made anew:
    /// what is open may have no name any more, so the log is [in doubt](Self::is_doubtful), and
    /// the call that `mends` it moves in again.
    pub(crate) fn verify_owner(&mut self, mends: bool) -> Result<(), CheckpointError> {
        match Owner::of(&self.folder) {
            Ok(Some(owner)) if owner == self.owner => Ok(()),
            Ok(Some(owner)) => Err(taken(&self.folder, &owner.to_string())),
            Ok(None) if mends => self.move_in(),
            Ok(None) => {
                self.condition = Condition::Doubtful;
                Err(CheckpointError::Io(format!(
                    "the checkpoint {} was removed or emptied; put it back, or make the folder \
                     anew: as soon as it is there, all that is known is written to it",
                    self.folder.display()
                )))
            }
            Err(error) => Err(self.error(&error)),
        }
    }

    /// Locks the folder, and names its owner. The folder is not made: a disk may be missing that
    /// was mounted here.
    fn move_in(&mut self) -> Result<(), CheckpointError> {
        // Or the lock would be in our own way, where only the owner's name is gone.
        self.lock = None;
        let lock = FolderLock::take(&self.folder).map_err(|denied| match denied {
            Denied::Held => taken(&self.folder, &holder(&self.folder)),
            Denied::Io(error) => self.error(&error),
        })?;
        self.lock = Some(lock);
        self.owner.write(&self.folder).map_err(|error| self.error(&error))
    }

    /// Keeps the state after a batch, before the commit that names it.
    pub(crate) fn write_state(&self, batch: BatchId, bytes: &[u8]) -> io::Result<()> {
        blob::write(&self.folder, batch, bytes)
    }

    /// Removes the states before this one.
    pub(crate) fn sweep_states(&self, batch: BatchId) {
        blob::sweep(&self.folder, batch);
    }

    /// An error of the disk, in words.
    pub(crate) fn error(&self, error: &io::Error) -> CheckpointError {
        io_error(&self.folder.join(LOG), error)
    }
}

/// An error of the disk, in words.
pub(crate) fn io_error(path: &Path, error: &io::Error) -> CheckpointError {
    CheckpointError::Io(format!(
        "cannot write the checkpoint {}: {error}; it is tried again",
        path.display()
    ))
}

/// Another gateway has the folder.
pub(crate) fn taken(folder: &Path, who: &str) -> CheckpointError {
    CheckpointError::Taken(format!(
        "the checkpoint {} is in use by {who}; stop that process, or give this pipeline another \
         checkpoint",
        folder.display()
    ))
}

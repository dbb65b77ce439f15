//! The log in a folder of the local file system.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::batch::BatchId;
use crate::durable_file;
use crate::folder_lock::{Denied, FolderLock, Owner, holder};

use super::log::{Log, parse};
use super::writer::{LOG, Writer, io_error, taken};
use super::{Checkpoint, CheckpointError, Commit, Entry, Ledger, Opened, Plan, blob, line};

/// The log in a folder of the local file system.
///
/// The folder holds `log` (a line per entry, see [`Entry`]), `state-<batch>` (the transform's
/// state after that batch), `lock` and `owner` (who has it).
#[derive(Debug)]
pub struct LocalCheckpoint {
    ledger: Ledger,
    folder: PathBuf,
    writer: Arc<Mutex<Writer>>,
    /// Set while a write is under way. Still set before the next one, the caller gave up waiting,
    /// and the ledger may be behind the disk.
    writing: bool,
}

impl LocalCheckpoint {
    /// Opens the folder, or makes it, under a new epoch. `now_ms` is the time in milliseconds
    /// since the Unix epoch.
    ///
    /// # Errors
    /// [`CheckpointError::Taken`] if another process has it, [`CheckpointError::Unreadable`] if
    /// it is damaged, belongs to another pipeline or was written by a newer version.
    pub async fn open(folder: &Path, pipeline: &str, now_ms: u64) -> Result<Self, CheckpointError> {
        let (folder, pipeline) = (folder.to_owned(), pipeline.to_owned());
        let opened = tokio::task::spawn_blocking(move || open(&folder, &pipeline, now_ms)).await;
        opened.unwrap_or_else(|error| Err(CheckpointError::Io(error.to_string())))
    }

    /// Appends an entry, then applies it.
    async fn append(&mut self, entry: Entry, sync: bool) -> Result<(), CheckpointError> {
        self.ledger.check(&entry).map_err(CheckpointError::Unreadable)?;
        let is_commit = matches!(entry, Entry::Commit(_));
        let line = line::encode(&entry).map_err(|error| io_error(&self.folder, &error))?;
        self.write(line, state_of(&entry), is_commit, sync).await?;
        self.writing = true;
        self.ledger.apply(entry).map_err(CheckpointError::Unreadable)?;
        if is_commit {
            self.compact().await;
        }
        self.writing = false;
        Ok(())
    }

    /// Writes a line, which may be empty, to a log that is mended first if it is in doubt.
    async fn write(
        &mut self,
        line: Vec<u8>,
        state: Option<(u64, Vec<u8>)>,
        is_commit: bool,
        sync: bool,
    ) -> Result<(), CheckpointError> {
        if self.writing {
            return Err(CheckpointError::Unreadable(format!(
                "a write to the checkpoint {} was interrupted; start the pipeline again",
                self.folder.display()
            )));
        }
        let mend = self.with_writer(Writer::is_doubtful);
        let mend = if mend { Some(self.mending()?) } else { None };
        self.writing = true;
        let done = self.perform(Work { line, mend, is_commit, state, sync }).await;
        self.writing = false;
        done
    }

    /// Does the work, on a thread of its own if it may take long.
    async fn perform(&self, work: Work) -> Result<(), CheckpointError> {
        let is_quick = work.is_quick();
        let writer = self.writer.clone();
        let perform =
            move || work.perform(&mut writer.lock().unwrap_or_else(PoisonError::into_inner));
        if is_quick {
            return perform();
        }
        let done = tokio::task::spawn_blocking(perform).await;
        done.map_err(|error| CheckpointError::Io(error.to_string())).flatten()
    }

    /// Writes the log anew if it has grown. The commit before it stands in any case.
    async fn compact(&mut self) {
        if !self.with_writer(Writer::is_large) {
            return;
        }
        let Ok(ledger) = self.ledger_line() else { return };
        let writer = self.writer.clone();
        let done = tokio::task::spawn_blocking(move || {
            writer.lock().unwrap_or_else(PoisonError::into_inner).compact(&ledger)
        });
        if let Ok(Err(error)) = done.await {
            tracing::warn!(
                folder = %self.folder.display(), %error,
                "the log of the checkpoint could not be compacted and goes on growing"
            );
        }
    }

    fn ledger_line(&self) -> Result<Vec<u8>, CheckpointError> {
        line::encode_ledger(&self.ledger).map_err(|error| io_error(&self.folder, &error))
    }

    fn mending(&self) -> Result<Mending, CheckpointError> {
        let state = self.ledger.state.as_ref();
        Ok(Mending {
            ledger: self.ledger_line()?,
            state: state.map(|state| (self.ledger.state_batch, state.bytes.clone())),
        })
    }

    /// Asks the writer something that does not touch the disk.
    fn with_writer<T>(&self, ask: impl FnOnce(&Writer) -> T) -> T {
        ask(&self.writer.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One append, with all that the blocking thread needs for it.
struct Work {
    line: Vec<u8>,
    /// If the log has to be written anew first.
    mend: Option<Mending>,
    is_commit: bool,
    state: Option<(BatchId, Vec<u8>)>,
    sync: bool,
}

/// All that a checkpoint amounts to, for writing it anew.
struct Mending {
    /// The line of the ledger.
    ledger: Vec<u8>,
    /// The transform's state, and the batch after which it was taken.
    state: Option<(BatchId, Vec<u8>)>,
}

impl Work {
    /// Whether it only hands a line to the operating system, which takes microseconds: less than
    /// handing it to another thread.
    fn is_quick(&self) -> bool {
        !self.sync && self.mend.is_none() && self.state.is_none()
    }

    fn perform(&self, writer: &mut Writer) -> Result<(), CheckpointError> {
        if self.is_commit || self.mend.is_some() {
            writer.verify_owner(self.mend.is_some())?;
        }
        self.write(writer).map_err(|error| writer.error(&error))
    }

    fn write(&self, writer: &mut Writer) -> io::Result<()> {
        if let Some(mending) = &self.mend {
            if let Some((batch, bytes)) = &mending.state {
                writer.write_state(*batch, bytes)?;
            }
            writer.compact(&mending.ledger)?;
        }
        if let Some((batch, bytes)) = &self.state {
            writer.write_state(*batch, bytes)?;
        }
        writer.append(&self.line, self.sync)?;
        if let Some((batch, _)) = &self.state {
            writer.sweep_states(*batch);
        }
        Ok(())
    }
}

/// The state that an entry brings, and the batch after which it was taken.
fn state_of(entry: &Entry) -> Option<(BatchId, Vec<u8>)> {
    match entry {
        Entry::Commit(commit) => {
            commit.state.as_ref().map(|state| (commit.upto, state.bytes.clone()))
        }
        _ => None,
    }
}

fn open(folder: &Path, pipeline: &str, now_ms: u64) -> Result<LocalCheckpoint, CheckpointError> {
    let path = folder.join(LOG);
    let on_disk = |error: io::Error| io_error(&path, &error);
    fs::create_dir_all(folder).map_err(on_disk)?;
    let lock = lock(folder)?;
    // A compaction that a crash cut short: the log itself is untouched.
    let _ = fs::remove_file(durable_file::beside(&path));

    let log = read(&path)?;
    let mut ledger = accept(folder, pipeline, log.ledger, log.damage.as_ref())?;
    if log.torn > 0 {
        tracing::warn!(
            path = %path.display(), bytes = log.torn, offset = log.end,
            "the last write to the checkpoint was torn by a crash and is cut off"
        );
    }
    if let Some(state) = &mut ledger.state {
        state.bytes = blob::read(folder, ledger.state_batch)?;
    }

    let epoch = ledger.opened.epoch.saturating_add(1);
    let owner = Owner::this(epoch, now_ms);
    owner.write(folder).map_err(on_disk)?;
    let opened = Opened {
        version: Opened::VERSION,
        pipeline: pipeline.into(),
        epoch,
        lineage: lineage(&ledger, now_ms),
        owner: format!("{}:{}", owner.host, owner.pid),
        time_ms: now_ms,
    };
    let mut writer = Writer::new(folder, lock, owner, log.end)?;
    let entry = Entry::Opened(opened);
    writer.append(&line::encode(&entry).map_err(on_disk)?, true).map_err(on_disk)?;
    durable_file::sync_folder(folder).map_err(on_disk)?;
    ledger.apply(entry).map_err(CheckpointError::Unreadable)?;
    writer.sweep_states(ledger.state_batch);
    Ok(LocalCheckpoint {
        ledger,
        folder: folder.to_owned(),
        writer: Arc::new(Mutex::new(writer)),
        writing: false,
    })
}

/// The lineage of a log: kept from the opening before, or made.
fn lineage(ledger: &Ledger, now_ms: u64) -> Arc<str> {
    let kept = &ledger.opened.lineage;
    match kept.is_empty() {
        true => format!("{now_ms:x}-{:08x}", fastrand::u32(..)).into(),
        false => kept.clone(),
    }
}

/// Locks the folder.
pub(crate) fn lock(folder: &Path) -> Result<FolderLock, CheckpointError> {
    FolderLock::take(folder).map_err(|denied| match denied {
        Denied::Held => taken(folder, &holder(folder)),
        Denied::Io(error) => io_error(&folder.join("lock"), &error),
    })
}

/// Reads a log; a missing one is empty.
pub(crate) fn read(path: &Path) -> Result<Log, CheckpointError> {
    match fs::read(path) {
        Ok(bytes) => Ok(parse(&bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Log::default()),
        Err(error) => Err(CheckpointError::Io(format!("cannot read {}: {error}", path.display()))),
    }
}

/// The ledger, if it is whole and belongs to this pipeline.
fn accept(
    folder: &Path,
    pipeline: &str,
    ledger: Ledger,
    damage: Option<&super::Damage>,
) -> Result<Ledger, CheckpointError> {
    if let Some(damage) = damage {
        return Err(CheckpointError::Unreadable(damaged(folder, damage)));
    }
    let owner = &ledger.opened.pipeline;
    if ledger.opened.epoch > 0 && &**owner != pipeline {
        return Err(CheckpointError::Unreadable(format!(
            "the checkpoint {} belongs to the pipeline `{owner}`, not to `{pipeline}`; name the \
             pipeline `{owner}` again, or give it a checkpoint of its own",
            folder.display()
        )));
    }
    Ok(ledger)
}

fn damaged(folder: &Path, damage: &super::Damage) -> String {
    let (path, folder) = (folder.join(LOG), folder.display());
    let place = format!("{}, line {} at byte {}", path.display(), damage.line, damage.offset);
    if damage.newer {
        return format!("cannot read {place}: {}; run the version that wrote it", damage.what);
    }
    format!(
        "{place}, is damaged: {}; look with `forebay checkpoint verify {folder}`, or cut the log \
         back to the entry before it with `forebay checkpoint repair {folder}`: what was \
         committed after it is then read and written once more",
        damage.what
    )
}

#[async_trait]
impl Checkpoint for LocalCheckpoint {
    fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    async fn plan(&mut self, plan: Plan, sync: bool) -> Result<(), CheckpointError> {
        self.append(Entry::Plan(plan), sync).await
    }

    async fn commit(&mut self, commit: Commit, sync: bool) -> Result<(), CheckpointError> {
        self.append(Entry::Commit(commit), sync).await
    }

    async fn sync(&mut self) -> Result<(), CheckpointError> {
        self.write(Vec::new(), None, true, true).await
    }
}

#[cfg(test)]
mod tests;

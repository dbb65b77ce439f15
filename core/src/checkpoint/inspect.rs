//! Looking into a checkpoint from outside, and mending it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::durable_file::{self, DurableFile};

use super::ledger::Ledger;
use super::local::{lock, read};
use super::log::{Damage, ShownEntry};
use super::writer::{LOG, io_error};
use super::{CheckpointError, blob};

/// What a look at a checkpoint found.
#[derive(Clone, Debug, PartialEq)]
pub struct Verification {
    /// Whole entries before the first damage.
    pub entries: usize,
    /// Bytes of these entries.
    pub bytes: u64,
    /// Bytes of a torn write behind them, which the next start cuts off.
    pub torn_tail_bytes: u64,
    /// The first damage.
    pub damage: Option<Damage>,
    /// What is wrong with the transform's state, if it cannot be read.
    pub state_damage: Option<String>,
    /// What the whole entries amount to.
    pub ledger: Ledger,
}

/// What a repair did.
#[derive(Clone, Debug, PartialEq)]
pub struct Repair {
    /// Whole entries that stay.
    pub entries: usize,
    /// Bytes that were cut off.
    pub cut_bytes: u64,
    /// Where the log as it was is kept; `None` if nothing was cut off.
    pub kept: Option<PathBuf>,
}

/// The whole entries of a log up to the first damage, which [`verify`] tells. It may be read
/// while a gateway runs.
///
/// # Errors
/// [`CheckpointError::Io`] if the log cannot be read.
pub fn show(folder: &Path) -> Result<Vec<ShownEntry>, CheckpointError> {
    Ok(read_existing(folder)?.entries)
}

/// Checks every entry, and the state. It may be done while a gateway runs.
///
/// # Errors
/// [`CheckpointError::Io`] if the log cannot be read; damage is no error.
pub fn verify(folder: &Path) -> Result<Verification, CheckpointError> {
    let mut log = read_existing(folder)?;
    let mut state_damage = None;
    if let Some(state) = &mut log.ledger.state {
        match blob::read(folder, log.ledger.state_batch) {
            Ok(bytes) => state.bytes = bytes,
            Err(error) => state_damage = Some(error.to_string()),
        }
    }
    Ok(Verification {
        entries: log.entries.len(),
        bytes: log.end,
        torn_tail_bytes: log.torn,
        damage: log.damage,
        state_damage,
        ledger: log.ledger,
    })
}

/// Cuts a damaged log back to the entry before the damage. The log as it was is kept beside it.
/// What was committed after that entry is read and written once more.
///
/// # Errors
/// [`CheckpointError::Taken`] if a gateway has it, [`CheckpointError::Unreadable`] if it is not
/// damaged but written by a newer version, [`CheckpointError::Io`] if it cannot be written.
pub fn repair(folder: &Path) -> Result<Repair, CheckpointError> {
    let lock = lock(folder)?;
    let path = folder.join(LOG);
    let log = read_existing(folder)?;
    if let Some(damage) = log.damage.as_ref().filter(|damage| damage.newer) {
        return Err(CheckpointError::Unreadable(format!(
            "{}, line {}: {}; nothing was changed, run the version that wrote it",
            path.display(),
            damage.line,
            damage.what
        )));
    }
    let on_disk = |error: std::io::Error| io_error(&path, &error);
    let bytes = fs::metadata(&path).map_err(on_disk)?.len();
    let cut_bytes = bytes - log.end;
    if cut_bytes == 0 {
        return Ok(Repair { entries: log.entries.len(), cut_bytes, kept: None });
    }
    let kept = folder.join(format!("log.damaged-{}", log.end));
    let content = fs::read(&path).map_err(on_disk)?;
    durable_file::replace(&kept, &content).map_err(on_disk)?;
    let mut file = DurableFile::open(&path).map_err(on_disk)?;
    file.cut(log.end).and_then(|()| file.sync()).map_err(on_disk)?;
    drop(lock);
    Ok(Repair { entries: log.entries.len(), cut_bytes, kept: Some(kept) })
}

fn read_existing(folder: &Path) -> Result<super::log::Log, CheckpointError> {
    let path = folder.join(LOG);
    if !path.exists() {
        return Err(CheckpointError::Io(format!(
            "{} does not exist; is {} the folder of a checkpoint?",
            path.display(),
            folder.display()
        )));
    }
    read(&path)
}

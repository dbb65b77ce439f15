//! Opens a journal's folder and finds out how far it goes.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::durable_file::{self, DurableFile};
use crate::folder_lock::{Denied, FolderLock, Owner, holder};
use crate::journal::room::Room;
use crate::journal::settings::JournalSettings;
use crate::source::SourceError;

use super::segment::{Place, SEGMENT_HEADER, Segment};
use super::shared::{Shared, State};
use super::walk::{BLOCK, Found, Walk};

/// Opens the folder, or makes it. A torn write at its end is cut off.
pub(crate) fn open(
    folder: &Path,
    settings: &JournalSettings,
    now_ms: u64,
) -> Result<Shared, SourceError> {
    let on_disk = |error: io::Error| {
        SourceError::Transient(format!("cannot open the journal {}: {error}", folder.display()))
    };
    fs::create_dir_all(folder).map_err(on_disk)?;
    let lock = FolderLock::take(folder).map_err(|denied| match denied {
        Denied::Io(error) => on_disk(error),
        Denied::Held => SourceError::Fatal(format!(
            "the journal {} is in use by {}; stop that process, or give this source another folder",
            folder.display(),
            holder(folder)
        )),
    })?;
    Owner::this(0, now_ms).write(folder).map_err(on_disk)?;

    let mut segments = VecDeque::new();
    for path in Segment::list(folder).map_err(on_disk)? {
        let segment = Segment::open(&path).map_err(on_disk)?;
        segments.push_back(segment.map_err(|what| unknown(&path, &what))?);
    }
    let safe = match segments.back_mut() {
        Some(last) => recover(last).map_err(on_disk)?,
        None => {
            let first = Segment::new(folder, 0, 0);
            create(&first).map_err(on_disk)?;
            segments.push_back(first);
            0
        }
    };
    let used = segments.iter().map(Segment::frame_bytes).sum();
    let room = Arc::new(Room::new(settings.max_bytes(), used));
    let state = State { segments, safe, floor: 0, writing: false };
    Ok(Shared::new(PathBuf::from(folder), state, room, lock))
}

fn unknown(path: &Path, what: &str) -> SourceError {
    SourceError::Fatal(format!(
        "cannot read {}: {what}; run the version that wrote it, or move the file away",
        path.display()
    ))
}

/// Makes the file of a segment; durable on return.
pub(crate) fn create(segment: &Segment) -> io::Result<DurableFile> {
    let mut file = DurableFile::open(&segment.path)?;
    file.cut(0)?;
    file.write_at(0, &segment.header())?;
    file.sync()?;
    segment.path.parent().map_or(Ok(()), durable_file::sync_folder)?;
    Ok(file)
}

/// Finds the end of the last segment, cuts off a torn write, and returns the next sequence number.
fn recover(segment: &mut Segment) -> io::Result<u64> {
    if segment.len < SEGMENT_HEADER {
        segment.len = SEGMENT_HEADER;
        create(segment)?;
        return Ok(segment.first);
    }
    let (mut next, mut end) = (segment.first, SEGMENT_HEADER);
    let mut places = Vec::new();
    let mut walk = Walk::new(segment, SEGMENT_HEADER, segment.first, BLOCK)?;
    while let Some(found) = walk.next()? {
        match found {
            Found::Frame { piece, offset } => {
                places.push(Place { seq: piece.first, offset, received_ms: piece.received_ms });
                (next, end) = (piece.until, walk.offset());
            }
            // All of the frame is there, so it may have been acknowledged: reading reports it.
            Found::Damage(damaged) if !walk.was_cut_off() => {
                if let Some((_, until)) = damaged.seqs {
                    (next, end) = (until, damaged.end);
                }
            }
            Found::Damage(_) => {}
        }
    }
    if end < segment.len {
        tracing::warn!(
            path = %segment.path.display(), bytes = segment.len - end, offset = end,
            "the last write to the journal was torn by a crash and is cut off"
        );
        let mut file = DurableFile::open(&segment.path)?;
        file.cut(end)?;
        file.sync()?;
        segment.len = end;
    }
    places.into_iter().for_each(|place| segment.remember(place));
    Ok(next)
}

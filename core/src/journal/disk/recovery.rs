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
use super::spares::Spares;
use super::walk::{BLOCK, Damaged, Found, Walk};

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
    let spares = Spares::new(folder, settings).map_err(on_disk)?;
    let state = State { segments, safe, floor: 0, writing: false };
    Ok(Shared::new(PathBuf::from(folder), state, room, spares, lock))
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
    let Extent { next, end, places } = extent(segment)?;
    if end < segment.len {
        let bytes = segment.len - end;
        let path = segment.path.display();
        if segment.is_over {
            tracing::info!(%path, bytes, offset = end, "what stands behind the last write to the journal is cut off");
        } else {
            tracing::warn!(%path, bytes, offset = end, "the last write to the journal was torn by a crash and is cut off");
        }
        let mut file = DurableFile::open(&segment.path)?;
        file.cut(end)?;
        file.sync()?;
        segment.len = end;
    }
    places.into_iter().for_each(|place| segment.remember(place));
    Ok(next)
}

/// How far a segment was written.
pub(crate) struct Extent {
    /// The next sequence number.
    next: u64,
    /// Where its frames end, in bytes.
    pub(crate) end: u64,
    places: Vec<Place>,
}

/// Finds out how far the last segment was written.
pub(crate) fn extent(segment: &Segment) -> io::Result<Extent> {
    let (mut next, mut end) = (segment.first, SEGMENT_HEADER);
    let mut places = Vec::new();
    // In a file that is written over, the first header of what is written together is written
    // last: without it all that was written with it may be torn.
    let mut is_torn = false;
    let mut walk = Walk::new(segment, SEGMENT_HEADER, segment.first, BLOCK)?;
    while let Some(found) = walk.next()? {
        match found {
            Found::Frame { piece, offset, continues } => {
                is_torn &= continues;
                if !is_torn {
                    let (seq, received_ms) = (piece.first, piece.received_ms);
                    places.push(Place { seq, offset, received_ms });
                    (next, end) = (piece.until, walk.offset());
                }
            }
            // All of the frame is there, so it may have been acknowledged: reading reports it.
            Found::Damage(Damaged { seqs: Some((_, until)), continues, end: at, .. }) => {
                is_torn &= continues;
                if !is_torn && !walk.was_cut_off() {
                    (next, end) = (until, at);
                }
            }
            Found::Damage(_) => is_torn = segment.is_over,
        }
    }
    Ok(Extent { next, end, places })
}

//! One file of a journal.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::frame::{u32_at, u64_at};

const MAGIC: [u8; 8] = *b"FOREBAYJ";
/// The versions: of a file that was made for the segment, and of one that was written over.
const VERSION: u32 = 1;
const VERSION_OVER: u32 = 2;

/// The size of a segment's header, in bytes.
pub(crate) const SEGMENT_HEADER: u64 = 40;

/// A place is remembered after so many bytes.
const INDEX_BYTES: u64 = 64 << 10;
/// A place is remembered after so many milliseconds.
const INDEX_MS: u64 = 1_000;
/// Places that are remembered for their time, for each segment.
const INDEX_TIMES: usize = 4_096;

/// One file of a journal; see [`super`] for the layout of its header.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) path: PathBuf,
    /// The sequence number of its first record.
    pub(crate) first: u64,
    /// The sequence number that followed the segment before; less than `first` if some were
    /// skipped on purpose.
    pub(crate) follows: u64,
    /// What the checksums of its headers begin with.
    pub(crate) salt: u64,
    /// Bytes that are as safe as was promised, header included.
    pub(crate) len: u64,
    /// Whether its file was that of an older segment, of which something may stand behind the last
    /// frame.
    pub(crate) is_over: bool,
    /// Some of its frames, in order; none of those that were written by an earlier process, unless
    /// it is the last segment.
    pub(crate) index: Vec<Place>,
}

/// Where a frame stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The sequence number of its first record.
    pub(crate) seq: u64,
    /// Where it begins in the segment, in bytes.
    pub(crate) offset: u64,
    /// When it came, in milliseconds since the Unix epoch.
    pub(crate) received_ms: u64,
}

impl Segment {
    /// A segment that is yet to be written.
    pub(crate) fn new(folder: &Path, first: u64, follows: u64) -> Self {
        let salt = fastrand::u64(..);
        let path = folder.join(format!("{first:020}-{salt:016x}.segment"));
        Self { path, first, follows, salt, len: SEGMENT_HEADER, is_over: false, index: Vec::new() }
    }

    /// The segment's header.
    pub(crate) fn header(&self) -> Vec<u8> {
        let mut header = Vec::with_capacity(40);
        header.extend_from_slice(&MAGIC);
        let version = if self.is_over { VERSION_OVER } else { VERSION };
        header.extend_from_slice(&version.to_le_bytes());
        header.extend_from_slice(&self.first.to_le_bytes());
        header.extend_from_slice(&self.follows.to_le_bytes());
        header.extend_from_slice(&self.salt.to_le_bytes());
        header.extend_from_slice(&crc32fast::hash(&header).to_le_bytes());
        header
    }

    /// Opens a file. If its header is damaged, its name says what has to be known.
    ///
    /// # Errors
    /// A sentence if the file is no segment that this version knows.
    pub(crate) fn open(path: &Path) -> io::Result<Result<Self, String>> {
        let mut header = Vec::with_capacity(40);
        let mut file = File::open(path)?;
        let len = file.metadata()?.len();
        (&mut file).take(SEGMENT_HEADER).read_to_end(&mut header)?;
        Ok(Self::parse(path, &header, len))
    }

    fn parse(path: &Path, header: &[u8], len: u64) -> Result<Self, String> {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let named = stem.split_once('-').and_then(|(first, salt)| {
            Some((first.parse::<u64>().ok()?, u64::from_str_radix(salt, 16).ok()?))
        });
        let (first, salt) = named.ok_or("its name is not that of a segment")?;
        let path = path.to_owned();
        let mut segment =
            Self { path, first, follows: first, salt, len, is_over: false, index: Vec::new() };
        let checksum = header.get(..36).map(crc32fast::hash);
        if checksum.is_some() && checksum == u32_at(header, 36) && header.starts_with(&MAGIC) {
            match u32_at(header, 8) {
                Some(version @ (VERSION | VERSION_OVER)) => {
                    segment.follows = u64_at(header, 20).unwrap_or(first).min(first);
                    segment.is_over = version == VERSION_OVER;
                }
                version => {
                    return Err(format!(
                        "it has version {}, and this binary knows versions {VERSION} and \
                         {VERSION_OVER}",
                        version.unwrap_or(0)
                    ));
                }
            }
        } else {
            tracing::error!(path = %segment.path.display(), "the header of a segment is damaged");
            // What stands behind its frames may be of another.
            segment.is_over = true;
        }
        Ok(segment)
    }

    /// The segment without its index.
    pub(crate) fn view(&self) -> Self {
        Self { path: self.path.clone(), index: Vec::new(), ..*self }
    }

    /// The segment files of a folder, in order.
    pub(crate) fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "segment") {
                paths.push(path);
            }
        }
        paths.sort();
        Ok(paths)
    }

    /// Bytes of frames.
    pub(crate) fn frame_bytes(&self) -> u64 {
        self.len.saturating_sub(SEGMENT_HEADER)
    }

    /// Remembers where a frame stands, if the last place is far enough away.
    pub(crate) fn remember(&mut self, place: Place) {
        let due = self.index.last().is_none_or(|last| {
            place.offset - last.offset >= INDEX_BYTES
                || place.received_ms.saturating_sub(last.received_ms) >= INDEX_MS
                    && self.index.len() < INDEX_TIMES
        });
        if due {
            self.index.push(place);
        }
    }

    /// The last place that is known at or before a record.
    pub(crate) fn place_before(&self, seq: u64) -> Option<Place> {
        let after = self.index.partition_point(|place| place.seq <= seq);
        after.checked_sub(1).and_then(|last| self.index.get(last)).copied()
    }
}

//! Reads records from segments, and says what damage it met.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use crate::dead_letter::Reason;
use crate::journal::gather::Gather;
use crate::journal::piece::Piece;
use crate::receiver::Chunk;

use super::segment::{SEGMENT_HEADER, Segment};
use super::walk::{Damaged, Found, Walk};

/// How much of damaged bytes a dead letter carries.
const MAX_DAMAGED_BYTES: u64 = 1 << 20;

/// The bounds of how much is read from a file at once, in bytes.
const LEAST_READ: usize = 64 << 10;
const MOST_READ: usize = 4 << 20;

/// Where the next read can go on without looking for its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// The position for which it stands.
    pub(crate) position: u64,
    /// The first record of the segment.
    pub(crate) segment: u64,
    /// Where a frame begins in the segment, in bytes.
    pub(crate) offset: u64,
    /// The sequence number of that frame's first record.
    pub(crate) seq: u64,
}

/// How much is read from a file at once for what a gather still takes, in bytes.
fn read_bytes(gather: &Gather) -> usize {
    let wanted = usize::try_from(gather.bytes_left()).unwrap_or(usize::MAX);
    // Beside the values stand their ends and the frames' headers.
    wanted.saturating_add(wanted / 8).clamp(LEAST_READ, MOST_READ)
}

/// Reads records from segments into a [`Gather`].
#[derive(Debug)]
pub(crate) struct Reader {
    /// The segments, from the one in which reading begins.
    pub(crate) segments: Vec<Segment>,
    /// Where reading begins in the first of them, in bytes, and the sequence number there.
    pub(crate) start: (u64, u64),
    /// The sequence number after the last record that is safe.
    pub(crate) end: u64,
    /// Sequence numbers that are lost to damage: from and until.
    pub(crate) lost: Vec<(u64, u64)>,
}

/// Damaged bytes whose records are known only when the next frame is met.
struct Pending<'a> {
    segment: &'a Segment,
    damaged: Damaged,
}

impl Reader {
    /// Reads until the gather is full or nothing is left.
    pub(crate) fn read(&mut self, gather: &mut Gather) -> io::Result<Option<Cursor>> {
        let segments = std::mem::take(&mut self.segments);
        let (mut offset, mut expected) = self.start;
        let mut pending: Option<Pending<'_>> = None;
        let mut cursor = None;
        for (index, segment) in segments.iter().enumerate() {
            if index > 0 {
                self.lose(expected, segment.follows, pending.take(), gather)?;
                (offset, expected) = (SEGMENT_HEADER, segment.first);
            }
            let mut walk = Walk::new(segment, offset, expected, read_bytes(gather))?;
            while !gather.is_full() {
                let Some(found) = walk.next()? else { break };
                match found {
                    Found::Frame { piece, offset, .. } => {
                        self.lose(expected, piece.first, pending.take(), gather)?;
                        expected = piece.until;
                        gather.take(&piece);
                        let position = gather.next();
                        let (offset, seq) = if position >= piece.until {
                            (walk.offset(), piece.until)
                        } else {
                            (offset, piece.first)
                        };
                        // Not if the gather was full before it came to this frame.
                        if position >= piece.first {
                            let segment = segment.first;
                            cursor = Some(Cursor { position, segment, offset, seq });
                        }
                    }
                    Found::Damage(damaged) => match damaged.seqs {
                        Some((first, until)) => {
                            self.lose(expected, first, pending.take(), gather)?;
                            let whole = Some(Pending { segment, damaged });
                            self.lose(first, until, whole, gather)?;
                            expected = until;
                        }
                        None => pending = Some(Pending { segment, damaged }),
                    },
                }
            }
            if gather.is_full() {
                return Ok(cursor.filter(|cursor| cursor.position == gather.next()));
            }
        }
        self.lose(expected, self.end, pending.take(), gather)?;
        Ok(cursor.filter(|cursor| cursor.position == gather.next()))
    }

    /// Records from `first` until `until` are lost: one row stands for them.
    fn lose(
        &mut self,
        first: u64,
        until: u64,
        pending: Option<Pending<'_>>,
        gather: &mut Gather,
    ) -> io::Result<()> {
        if first >= until || gather.is_full() {
            return Ok(());
        }
        let (bytes, place) = match pending {
            None => (Vec::new(), "between two frames of the journal".to_owned()),
            Some(Pending { segment, damaged: Damaged { offset, end, .. } }) => {
                let mut file = File::open(&segment.path)?;
                let mut bytes = Vec::new();
                file.seek(SeekFrom::Start(offset))?;
                file.take((end - offset).min(MAX_DAMAGED_BYTES)).read_to_end(&mut bytes)?;
                (bytes, format!("bytes {offset} to {end} of {}", segment.path.display()))
            }
        };
        let text = format!(
            "{place} are damaged, and with them the {} records from {first} until {until}",
            until - first
        );
        let values = arrow::array::BinaryArray::from_iter_values([bytes]);
        let piece = Piece {
            first,
            until,
            received_ms: 0,
            chunk: Chunk { values, peer: "".into(), attributes: Vec::new() },
            reason: Some(Reason::new("damaged", text)),
        };
        if gather.next() < until {
            self.lost.push((first, until));
        }
        gather.take(&piece);
        Ok(())
    }
}

//! Walks over the frames of one segment.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use arrow::buffer::Buffer;

use crate::journal::piece::Piece;

use super::frame::{HEADER, Header, MAGIC};
use super::segment::Segment;

/// How much is read from the file at once by who wants all of it, in bytes.
pub(crate) const BLOCK: usize = 1 << 20;

/// Walks over the frames of one segment, as far as it is safe.
#[derive(Debug)]
pub(crate) struct Walk {
    file: File,
    salt: u64,
    end: u64,
    /// The least sequence number that the next frame can have.
    expected: u64,
    /// How much is read at once, in bytes.
    read_bytes: usize,
    block: Buffer,
    /// Where the block begins in the file.
    block_at: u64,
    /// Where the next frame begins in the file.
    offset: u64,
    /// Whether the segment ended within the last frame.
    cut_off: bool,
}

/// What stands in a segment.
#[derive(Debug)]
pub(crate) enum Found {
    /// A whole frame.
    Frame {
        /// Its records.
        piece: Piece,
        /// Where it begins.
        offset: u64,
        /// Whether it was written together with the one before it.
        continues: bool,
    },
    /// Bytes that are no whole frame.
    Damage(Damaged),
}

/// Bytes that are no whole frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Damaged {
    /// Where they begin.
    pub(crate) offset: u64,
    /// Where they end.
    pub(crate) end: u64,
    /// The sequence numbers of the first record and after the last, if their header is whole.
    pub(crate) seqs: Option<(u64, u64)>,
    /// Whether they were written together with the frame before them, if their header is whole.
    pub(crate) continues: bool,
}

impl Walk {
    /// Walks from a frame that begins at `offset` and whose records begin at `expected` or later;
    /// reads about so many bytes at once.
    pub(crate) fn new(
        segment: &Segment,
        offset: u64,
        expected: u64,
        read_bytes: usize,
    ) -> io::Result<Self> {
        Ok(Self {
            file: File::open(&segment.path)?,
            salt: segment.salt,
            end: segment.len,
            expected,
            read_bytes,
            block: Buffer::from_vec(Vec::<u8>::new()),
            block_at: offset,
            offset,
            cut_off: false,
        })
    }

    /// What comes next; `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Found>> {
        if self.offset >= self.end {
            return Ok(None);
        }
        let offset = self.offset;
        self.need(HEADER)?;
        let header = Header::decode(self.salt, self.rest()).filter(|h| h.seq >= self.expected);
        let Some(header) = header else {
            self.offset = self.next_header()?;
            let end = self.offset;
            return Ok(Some(Found::Damage(Damaged { offset, end, seqs: None, continues: false })));
        };
        let continues = header.continues();
        self.expected = header.until();
        let whole = self.need(header.frame_len())?;
        self.cut_off = !whole;
        self.offset = self.end.min(offset + header.frame_len() as u64);
        let start = usize::try_from(offset - self.block_at).unwrap_or(usize::MAX);
        let piece = if whole {
            let payload = self.block.slice_with_length(start + HEADER, header.payload as usize);
            header.piece(&payload)
        } else {
            None
        };
        Ok(Some(match piece {
            Some(piece) => Found::Frame { piece, offset, continues },
            None => {
                let seqs = Some((header.seq, header.until()));
                Found::Damage(Damaged { offset, end: self.offset, seqs, continues })
            }
        }))
    }

    /// Where the next frame begins, in bytes.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether the segment ended within the last frame.
    pub(crate) fn was_cut_off(&self) -> bool {
        self.cut_off
    }

    /// The bytes of the block from the next frame on.
    fn rest(&self) -> &[u8] {
        let start = usize::try_from(self.offset - self.block_at).unwrap_or(usize::MAX);
        self.block.as_slice().get(start..).unwrap_or_default()
    }

    /// Sees to it that so many bytes from the next frame on are in the block; `false` if the
    /// segment ends before.
    fn need(&mut self, bytes: usize) -> io::Result<bool> {
        if self.rest().len() >= bytes {
            return Ok(true);
        }
        let left = usize::try_from(self.end - self.offset).unwrap_or(usize::MAX);
        let there = self.rest().len();
        if there < left {
            let len = bytes.max(self.read_bytes).min(left);
            let mut block = Vec::with_capacity(len);
            block.extend_from_slice(self.rest());
            self.file.seek(SeekFrom::Start(self.offset + there as u64))?;
            (&mut self.file).take((len - there) as u64).read_to_end(&mut block)?;
            self.block = Buffer::from_vec(block);
            self.block_at = self.offset;
        }
        Ok(self.rest().len() >= bytes)
    }

    /// Where the next believable header stands, behind a damaged one; the end if there is none.
    fn next_header(&mut self) -> io::Result<u64> {
        self.offset += 1;
        let mut found = self.end;
        while self.offset < self.end {
            self.need(HEADER)?;
            let rest = self.rest();
            if rest.is_empty() {
                break;
            }
            let at = find_magic(rest).unwrap_or(rest.len().saturating_sub(MAGIC.len() - 1).max(1));
            let header = Header::decode(self.salt, rest.get(at..).unwrap_or_default());
            if header.is_some_and(|header| header.seq >= self.expected) {
                found = self.offset + at as u64;
                break;
            }
            let cut_off = rest.len() < at + HEADER && self.offset + (rest.len() as u64) < self.end;
            // A header that the block cuts off is looked at again in the next block.
            self.offset += if cut_off && at > 0 { at as u64 } else { at as u64 + 1 };
        }
        Ok(found)
    }
}

/// Where the magic of a frame stands.
fn find_magic(bytes: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, &MAGIC)
}

//! Records that were divided.

use arrow::array::BinaryArray;
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use forebay_core::dead_letter::Reason;

/// How much of a refused record is kept, in bytes: enough to see what it was.
const KEPT: usize = 4096;

/// Records in the order of the stream.
#[derive(Clone, Debug)]
pub struct Framed {
    /// The records, end to end, none null.
    pub values: BinaryArray,
    /// For each record the offset in the stream just behind it and what ends it: where to go on
    /// after it. Offsets count from 0 at the first byte that was ever pushed.
    pub ends: Vec<u64>,
    /// The records that were refused.
    pub refused: Vec<Refusal>,
}

/// A record that was cut out of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// How many of the records of the same [`Framed`] stand before it.
    pub before: usize,
    /// Its first bytes, at most 4 KiB.
    pub bytes: Vec<u8>,
    /// How long it is in all, in bytes.
    pub length: u64,
    /// The offset in the stream just behind it.
    pub end: u64,
    /// Why: class `oversize`, or `truncated` at the end of the stream.
    pub reason: Reason,
}

/// Records as they are gathered.
#[derive(Debug)]
pub(super) struct Gathered {
    bytes: Vec<u8>,
    offsets: Vec<i32>,
    ends: Vec<u64>,
    refused: Vec<Refusal>,
    /// How much of `bytes` belongs to finished records.
    finished: usize,
}

impl Gathered {
    pub(super) fn new() -> Self {
        Self {
            bytes: Vec::new(),
            offsets: vec![0],
            ends: Vec::new(),
            refused: Vec::new(),
            finished: 0,
        }
    }

    /// How many records are finished.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// How many bytes the finished records and refusals hold.
    pub(super) fn finished_bytes(&self) -> usize {
        self.finished + self.refused.iter().map(|refusal| refusal.bytes.len()).sum::<usize>()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty() && self.refused.is_empty()
    }

    /// The unfinished record.
    pub(super) fn partial(&self) -> &[u8] {
        &self.bytes[self.finished..]
    }

    /// Adds to the unfinished record.
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Ends the unfinished record, less its last `cut` bytes.
    pub(super) fn finish_record(&mut self, cut: usize, end: u64) {
        self.bytes.truncate(self.bytes.len() - cut);
        self.finished = self.bytes.len();
        self.offsets.push(i32::try_from(self.finished).unwrap_or(i32::MAX));
        self.ends.push(end);
    }

    /// Takes the unfinished record out: of its bytes only the first are kept.
    pub(super) fn refuse(&mut self, length: u64, end: u64, reason: Reason) {
        let kept = self.finished + self.partial().len().min(KEPT);
        let bytes = self.bytes[self.finished..kept].to_vec();
        self.bytes.truncate(self.finished);
        self.refused.push(Refusal { before: self.ends.len(), bytes, length, end, reason });
    }

    /// Forgets what a refusal will not keep.
    pub(super) fn shorten(&mut self) {
        self.bytes.truncate(self.finished + KEPT.min(self.bytes.len() - self.finished));
    }

    /// Whether so many more bytes still fit the offsets of one array.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        i32::try_from(self.bytes.len().saturating_add(bytes)).is_ok()
    }

    /// All that is finished; the unfinished record stays.
    pub(super) fn take(&mut self) -> Framed {
        let partial = self.bytes.split_off(self.finished);
        let bytes = std::mem::replace(&mut self.bytes, partial);
        let offsets = std::mem::replace(&mut self.offsets, vec![0]);
        self.finished = 0;
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        Framed {
            values: BinaryArray::new(offsets, Buffer::from_vec(bytes), None),
            ends: std::mem::take(&mut self.ends),
            refused: std::mem::take(&mut self.refused),
        }
    }
}

/// The reason to refuse a record that is too long.
pub(super) fn oversize(length: u64, max: usize) -> Reason {
    Reason::new("oversize", format!("the record has {length} bytes, and at most {max} are allowed"))
}

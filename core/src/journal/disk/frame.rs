//! One chunk as it stands in a segment.

use std::sync::Arc;

use arrow::array::{Array, BinaryArray};
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};

use crate::dead_letter::Reason;
use crate::journal::decoder::known_class;
use crate::journal::piece::{Piece, value_bytes};
use crate::receiver::Chunk;

/// The first bytes of a frame.
pub(crate) const MAGIC: [u8; 4] = *b"\xf7FBY";

/// The size of a frame's header, in bytes.
pub(crate) const HEADER: usize = 40;

/// The largest payload that is believed, in bytes.
const MAX_PAYLOAD: u32 = 128 << 20;

/// A bit of the flags: the records were refused, and the reason follows.
const REJECTED: u32 = 1;

/// A bit of the flags: the frame was written together with the one before it.
const CONTINUES: u32 = 2;

/// The header of a frame; see [`super`] for the layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Bytes after the header.
    pub(crate) payload: u32,
    /// Records, at least 1.
    pub(crate) records: u32,
    flags: u32,
    /// The sequence number of the first record.
    pub(crate) seq: u64,
    /// When they came, in milliseconds since the Unix epoch.
    pub(crate) received_ms: u64,
    checksum: u32,
}

/// What is to be written.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    /// The records.
    pub(crate) chunk: &'a Chunk,
    /// Why they were refused, if they were.
    pub(crate) reason: Option<&'a Reason>,
    /// Whether it is written together with the one before it.
    pub(crate) continues: bool,
    /// The sequence number of the first record.
    pub(crate) seq: u64,
    /// When they came, in milliseconds since the Unix epoch.
    pub(crate) received_ms: u64,
}

/// The size of the frame that a chunk will make, in bytes.
pub(crate) fn frame_len(chunk: &Chunk, reason: Option<&Reason>) -> u64 {
    let attributes: usize =
        chunk.attributes.iter().map(|(name, value)| 8 + name.len() + value.len()).sum();
    let reason = reason.map_or(0, |reason| 8 + reason.class.len() + reason.text.len());
    let fixed = HEADER + 8 + chunk.peer.len() + attributes + reason;
    fixed as u64 + 4 * chunk.values.len() as u64 + value_bytes(&chunk.values)
}

impl Frame<'_> {
    /// Appends the frame to `out`. Chunks are bounded at the intake, so all lengths fit.
    pub(crate) fn encode(&self, salt: u64, out: &mut Vec<u8>) {
        let start = out.len();
        out.resize(start + HEADER, 0);
        put_text(out, &self.chunk.peer);
        put_u32(out, self.chunk.attributes.len());
        for (name, value) in &self.chunk.attributes {
            put_text(out, name);
            put_text(out, value);
        }
        if let Some(reason) = self.reason {
            put_text(out, reason.class);
            put_text(out, &reason.text);
        }
        let offsets = self.chunk.values.value_offsets();
        let (first, last) = (offsets[0], offsets[offsets.len() - 1]);
        out.extend(offsets[1..].iter().flat_map(|offset| (offset - first).to_le_bytes()));
        let bytes = usize::try_from(first).unwrap_or(0)..usize::try_from(last).unwrap_or(0);
        out.extend_from_slice(&self.chunk.values.value_data()[bytes]);

        let payload = &out[start + HEADER..];
        let header = Header {
            payload: u32::try_from(payload.len()).unwrap_or(u32::MAX),
            records: u32::try_from(self.chunk.values.len()).unwrap_or(u32::MAX),
            flags: (u32::from(self.reason.is_some()) * REJECTED)
                | (u32::from(self.continues) * CONTINUES),
            seq: self.seq,
            received_ms: self.received_ms,
            checksum: crc32fast::hash(payload),
        };
        out[start..start + HEADER].copy_from_slice(&header.encode(salt));
    }
}

impl Header {
    fn encode(&self, salt: u64) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4..8].copy_from_slice(&self.payload.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.records.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.flags.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.seq.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.received_ms.to_le_bytes());
        bytes[32..36].copy_from_slice(&self.checksum.to_le_bytes());
        let checksum = header_checksum(salt, &bytes[..36]);
        bytes[36..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// The header at the beginning of `bytes`; `None` if there is no whole and believable one.
    pub(crate) fn decode(salt: u64, bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..HEADER)?;
        let checks =
            bytes[..4] == MAGIC && header_checksum(salt, &bytes[..36]) == u32_at(bytes, 36)?;
        let header = Self {
            payload: u32_at(bytes, 4)?,
            records: u32_at(bytes, 8)?,
            flags: u32_at(bytes, 12)?,
            seq: u64_at(bytes, 16)?,
            received_ms: u64_at(bytes, 24)?,
            checksum: u32_at(bytes, 32)?,
        };
        let believable = header.payload <= MAX_PAYLOAD
            && header.records > 0
            && header.seq.checked_add(u64::from(header.records)).is_some();
        (checks && believable).then_some(header)
    }

    /// The sequence number after the last record.
    pub(crate) fn until(&self) -> u64 {
        self.seq + u64::from(self.records)
    }

    /// Whether the frame was written together with the one before it.
    pub(crate) fn continues(&self) -> bool {
        self.flags & CONTINUES != 0
    }

    /// The size of the frame, header included.
    pub(crate) fn frame_len(&self) -> usize {
        HEADER + self.payload as usize
    }

    /// The records of a payload, which keep pointing into its buffer; `None` if it is damaged.
    pub(crate) fn piece(&self, payload: &Buffer) -> Option<Piece> {
        let bytes = payload.as_slice();
        if crc32fast::hash(bytes) != self.checksum {
            return None;
        }
        let mut rest = bytes;
        let peer = take_text(&mut rest)?;
        let count = take_u32(&mut rest)?;
        let mut attributes = Vec::new();
        for _ in 0..count {
            attributes.push((take_text(&mut rest)?, take_text(&mut rest)?));
        }
        let reason = if self.flags & REJECTED == 0 {
            None
        } else {
            let (class, text) = (take_text(&mut rest)?, take_text(&mut rest)?);
            Some(match known_class(&class) {
                Some(class) => Reason::new(class, &*text),
                None => Reason::new("rejected", format!("{class}: {text}")),
            })
        };
        let (ends, values) = rest.split_at_checked(4 * self.records as usize)?;
        let offsets = offsets(ends, values.len())?;
        let values = payload.slice_with_length(bytes.len() - values.len(), values.len());
        let values = BinaryArray::try_new(offsets, values, None).ok()?;
        let chunk = Chunk { values, peer, attributes };
        let received_ms = self.received_ms;
        Some(Piece { first: self.seq, until: self.until(), received_ms, chunk, reason })
    }
}

/// A frame that a sender hid in a record must not pass for one of the journal's own after damage:
/// it does not know the salt of the segment.
fn header_checksum(salt: u64, header: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&salt.to_le_bytes());
    hasher.update(header);
    hasher.finalize()
}

/// Arrow's offsets from the ends of the values, if these rise to the end of the values.
fn offsets(ends: &[u8], len: usize) -> Option<OffsetBuffer<i32>> {
    let mut offsets = Vec::with_capacity(ends.len() / 4 + 1);
    offsets.push(0);
    offsets.extend(ends.as_chunks::<4>().0.iter().map(|end| i32::from_le_bytes(*end)));
    let whole = offsets.is_sorted() && offsets.last().copied() == i32::try_from(len).ok();
    whole.then(|| OffsetBuffer::new(ScalarBuffer::from(offsets)))
}

fn put_u32(out: &mut Vec<u8>, number: usize) {
    out.extend_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_u32(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

fn take_u32(rest: &mut &[u8]) -> Option<u32> {
    let (number, after) = rest.split_first_chunk::<4>()?;
    *rest = after;
    Some(u32::from_le_bytes(*number))
}

fn take_text(rest: &mut &[u8]) -> Option<Arc<str>> {
    let len = take_u32(rest)? as usize;
    let (text, after) = rest.split_at_checked(len)?;
    *rest = after;
    std::str::from_utf8(text).ok().map(Arc::from)
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|number| u32::from_le_bytes(*number))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|number| u64::from_le_bytes(*number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::chunk;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_frame_is_read_as_it_was_written(
            values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 1..9),
            peer: String,
            attributes in prop::collection::vec((any::<String>(), any::<String>()), 0..4),
            refused in prop::option::of(any::<String>()),
            seq in 0..u64::MAX / 2,
            salt: u64,
            continues: bool,
        ) {
            let attributes: Vec<(Arc<str>, Arc<str>)> =
                attributes.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
            let chunk = Chunk { peer: peer.into(), attributes, ..chunk(&values) };
            let reason = refused.map(|text| Reason::new("framing", text));
            let frame =
                Frame { chunk: &chunk, reason: reason.as_ref(), continues, seq, received_ms: 5 };
            let mut bytes = Vec::new();
            frame.encode(salt, &mut bytes);
            prop_assert_eq!(bytes.len() as u64, frame_len(&chunk, reason.as_ref()));
            let header = Header::decode(salt, &bytes).expect("a header");
            prop_assert_eq!(header.frame_len(), bytes.len());
            prop_assert_eq!(header.continues(), continues);
            prop_assert!(Header::decode(salt ^ 1, &bytes).is_none());
            let piece = header.piece(&Buffer::from_vec(bytes[HEADER..].to_vec())).expect("whole");
            prop_assert_eq!((piece.first, piece.until), (seq, seq + values.len() as u64));
            prop_assert_eq!(piece.chunk.values, chunk.values);
            prop_assert_eq!(piece.chunk.peer, chunk.peer);
            prop_assert_eq!(piece.chunk.attributes, chunk.attributes);
            prop_assert_eq!(piece.reason, reason);
        }

        #[test]
        fn any_payload_is_read_without_a_panic(payload: Vec<u8>, records in 1_u32..99, flags in 0_u32..2) {
            let header = Header {
                payload: 0, records, flags, seq: 0, received_ms: 0,
                checksum: crc32fast::hash(&payload),
            };
            let _ = header.piece(&Buffer::from_vec(payload));
        }
    }
}

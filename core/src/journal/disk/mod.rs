//! The journal on disk: a folder of segment files.
//!
//! A segment is named `<sequence number of its first record, 20 digits>-<salt, 16 hex
//! digits>.segment`. All numbers are little-endian. It begins with a header of 40 bytes:
//!
//! | bytes | what |
//! |---|---|
//! | 0..8 | `FOREBAYJ` |
//! | 8..12 | version: 1, or 2 if the file was that of an older segment |
//! | 12..20 | sequence number of the first record |
//! | 20..28 | sequence number that followed the segment before |
//! | 28..36 | salt |
//! | 36..40 | CRC-32 of bytes 0..36 |
//!
//! Then come frames. A frame is one chunk; its header has 40 bytes:
//!
//! | bytes | what |
//! |---|---|
//! | 0..4 | `f7 46 42 59` |
//! | 4..8 | length of the payload |
//! | 8..12 | number of records, at least 1 |
//! | 12..16 | flags: bit 0 = refused records, bit 1 = written together with the frame before |
//! | 16..24 | sequence number of the first record |
//! | 24..32 | when they came, in milliseconds since the Unix epoch |
//! | 32..36 | CRC-32 of the payload |
//! | 36..40 | CRC-32 of the salt and bytes 0..36 |
//!
//! The payload: the peer (a text: its length in 4 bytes, then UTF-8), the number of attributes (4
//! bytes) and for each its name and value (texts), for refused records the class and text of the
//! reason (texts), the end of each value relative to the first value's beginning (4 bytes each),
//! and the values one after the other.
//!
//! The CRC-32 is that of zlib. A damaged frame costs that frame: reading goes on at the next header
//! whose checksum fits. The salt keeps a sender from hiding such a header in a record.
//!
//! A file of version 2 is written over: behind its last frame something of the older segment may
//! stand, as long as it is the last one. Its salt is new, so nothing of that passes for a frame. What
//! is written together is written from behind its first header on, and that header last; where one is
//! missing, the frames behind it that were written together with it do not count.
//!
//! [`recovery`] opens the folder, [`writer`] appends to it, [`reader`] reads it, [`source`] makes a
//! source of it, [`spares`] keeps files to be written over, [`inspect`] looks into it from outside.

mod frame;
mod inspect;
mod reader;
mod recovery;
mod segment;
mod shared;
mod source;
mod spares;
mod walk;
mod writer;

#[cfg(test)]
mod tests;

pub use inspect::{FrameDamage, SegmentInfo, SegmentReport, show, verify};
pub use source::JournalSource;

pub(crate) use frame::frame_len;

//! Events as they stand on the wire: `record { headers: map<string>, body: bytes }`.
//!
//! A record of the journal is one event as it arrived, headers and all, so that a dead letter has
//! everything and an event is never encoded anew on its way to the disk.

use arrow::array::{Array, BinaryArray};
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};

use crate::wire::{Cursor, WireError, put_bytes, put_long};

/// The smallest event: no headers, an empty body.
const LEAST_BYTES: usize = 2;

/// For how many events a place is made because they are announced.
const MOST_AHEAD: usize = 1 << 16;

/// Reads one event: each header is given to `header`, and the body comes back.
pub(crate) fn read<'a>(
    cursor: &mut Cursor<'a>,
    header: impl FnMut(&'a [u8], &'a [u8]),
) -> Result<&'a [u8], WireError> {
    cursor.pairs(header)?;
    cursor.bytes()
}

/// Writes one event.
pub(crate) fn put<'a>(
    out: &mut Vec<u8>,
    headers: impl ExactSizeIterator<Item = (&'a [u8], &'a [u8])>,
    body: &[u8],
) {
    if headers.len() > 0 {
        put_long(out, i64::try_from(headers.len()).unwrap_or(i64::MAX));
        for (name, value) in headers {
            put_bytes(out, name);
            put_bytes(out, value);
        }
    }
    put_long(out, 0);
    put_bytes(out, body);
}

/// The one event at an offset of a message, and where it ends.
pub(crate) fn single(message: &Buffer, at: usize) -> Result<(BinaryArray, usize), WireError> {
    let mut cursor = Cursor::at(message, at);
    let mut spans = Spans::new(message);
    read(&mut cursor, |_, _| {})?;
    spans.push(at, cursor.position())?;
    Ok((spans.finish()?, cursor.position()))
}

/// The array of events at an offset of a message, and where it ends.
pub(crate) fn batch(message: &Buffer, at: usize) -> Result<(BinaryArray, usize), WireError> {
    let mut cursor = Cursor::at(message, at);
    let mut spans = Spans::new(message);
    while let Some(block) = cursor.block(LEAST_BYTES)? {
        spans.offsets.reserve(block.count.min(MOST_AHEAD) + 1);
        for _ in 0..block.count {
            let from = cursor.position();
            read(&mut cursor, |_, _| {})?;
            spans.push(from, cursor.position())?;
        }
        cursor.end_block(block)?;
    }
    Ok((spans.finish()?, cursor.position()))
}

/// Events within a message. As long as they follow each other, which they do within a block, the
/// column is the message itself.
struct Spans<'a> {
    message: &'a Buffer,
    offsets: Vec<i32>,
    /// From the first gap on: the events, one after the other.
    copied: Option<Vec<u8>>,
}

impl<'a> Spans<'a> {
    fn new(message: &'a Buffer) -> Self {
        Self { message, offsets: Vec::new(), copied: None }
    }

    fn push(&mut self, from: usize, until: usize) -> Result<(), WireError> {
        if self.offsets.is_empty() {
            self.offsets.push(offset(from)?);
        }
        if self.copied.is_none() && self.offsets.last() != Some(&offset(from)?) {
            self.copy();
        }
        let until = match &mut self.copied {
            None => until,
            Some(copied) => {
                copied.extend_from_slice(self.message.get(from..until).unwrap_or_default());
                copied.len()
            }
        };
        self.offsets.push(offset(until)?);
        Ok(())
    }

    /// Moves what there is into a buffer of its own.
    fn copy(&mut self) {
        let end = |offset: Option<&i32>| offset.and_then(|offset| usize::try_from(*offset).ok());
        let first = end(self.offsets.first()).unwrap_or(0);
        let last = end(self.offsets.last()).unwrap_or(first);
        self.copied = Some(self.message.get(first..last).unwrap_or_default().to_vec());
        let first = self.offsets.first().copied().unwrap_or(0);
        self.offsets.iter_mut().for_each(|offset| *offset -= first);
    }

    fn finish(mut self) -> Result<BinaryArray, WireError> {
        if self.offsets.is_empty() {
            self.offsets.push(0);
        }
        let values = match self.copied {
            Some(copied) => Buffer::from_vec(copied),
            None => self.message.clone(),
        };
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.offsets));
        BinaryArray::try_new(offsets, values, None).map_err(|_| WireError::Large)
    }
}

fn offset(at: usize) -> Result<i32, WireError> {
    i32::try_from(at).map_err(|_| WireError::Large)
}

/// Bytes of all events together.
pub(crate) fn size(events: &BinaryArray) -> u64 {
    let offsets = events.value_offsets();
    let bytes = offsets.last().zip(offsets.first()).map_or(0, |(last, first)| last - first);
    u64::try_from(bytes).unwrap_or(0)
}

/// Divides events into as few ranges of at most `max` bytes as there can be; an event with more than
/// `largest`, which is at most `max`, is a range of its own.
pub(crate) fn pieces(
    events: &BinaryArray,
    max: usize,
    largest: usize,
) -> Vec<std::ops::Range<usize>> {
    let offset = |bytes: usize| i32::try_from(bytes).unwrap_or(i32::MAX);
    let (max, largest) = (offset(max), offset(largest));
    let offsets = events.value_offsets();
    let mut ranges = Vec::new();
    let mut start = 0;
    while start < events.len() {
        let limit = offsets[start].saturating_add(max);
        let fitting = offsets[start + 1..].partition_point(|end| *end <= limit);
        let mut sizes = offsets[start..=start + fitting].windows(2).map(|pair| pair[1] - pair[0]);
        let fitting = sizes.position(|bytes| bytes > largest).unwrap_or(fitting);
        let end = start + fitting.max(1);
        ranges.push(start..end);
        start = end;
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [(&[u8], &[u8]); 0] = [];

    fn event(headers: &[(&str, &str)], body: &str) -> Vec<u8> {
        let mut out = Vec::new();
        let headers = headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        put(&mut out, headers, body.as_bytes());
        out
    }

    fn values(column: &BinaryArray) -> Vec<Vec<u8>> {
        column.iter().flatten().map(<[u8]>::to_vec).collect()
    }

    #[test]
    fn an_event_is_read_as_it_was_written() {
        let bytes = event(&[("k", "v0"), ("", "")], "body0");
        let mut headers = Vec::new();
        let mut cursor = Cursor::new(&bytes);
        let body = read(&mut cursor, |name, value| headers.push((name, value))).unwrap();
        assert_eq!(body, b"body0");
        assert_eq!(headers, [(&b"k"[..], &b"v0"[..]), (b"", b"")]);
        assert_eq!(cursor.end(), Ok(()));
        // As Flume writes it.
        assert_eq!(event(&[("k", "v0")], "body0"), b"\x02\x02k\x04v0\x00\x0abody0");
        let mut bare = Vec::new();
        put(&mut bare, NONE.into_iter(), b"");
        assert_eq!(bare, [0, 0]);
    }

    #[test]
    fn a_batch_in_one_block_is_not_copied() {
        let events = [event(&[("k", "v")], "a"), event(&[], ""), event(&[], "ccc")];
        let message = [b"name\x06".to_vec(), events.concat(), vec![0]].concat();
        let message = Buffer::from_vec(message);
        let (column, end) = batch(&message, 4).unwrap();
        assert_eq!(values(&column), events);
        assert_eq!(end, message.len());
        assert_eq!(column.values().as_ptr(), message.as_ptr());
        assert_eq!(size(&column), events.concat().len() as u64);
        let (column, end) = single(&message, 5).unwrap();
        assert_eq!((values(&column), end), (vec![events[0].clone()], 5 + events[0].len()));
    }

    #[test]
    fn a_batch_in_several_blocks_is_put_together() {
        let events = [event(&[], "a"), event(&[], "bb"), event(&[("x", "y")], "")];
        // The second block says how many bytes it has.
        let size = u8::try_from(2 * (events[1].len() + events[2].len())).unwrap();
        let message = [&[2][..], &events[0], &[3, size], &events[1], &events[2], &[0]].concat();
        let message = Buffer::from_vec(message);
        let (column, end) = batch(&message, 0).unwrap();
        assert_eq!(values(&column), events);
        assert_eq!(end, message.len());
        let (none, end) = batch(&Buffer::from_vec(vec![0_u8]), 0).unwrap();
        assert_eq!((none.len(), end, super::size(&none)), (0, 1, 0));
    }

    #[test]
    fn broken_batches_are_refused() {
        for (bytes, error) in [
            (&[][..], WireError::Short),
            (&[2, 0, 0], WireError::Short),
            (&[4, 0, 0], WireError::Count(2)),
            (&[2, 0, 8, 0], WireError::Length(4)),
            (&[2, 9, 0], WireError::Count(-5)),
        ] {
            assert_eq!(batch(&Buffer::from(bytes), 0).unwrap_err(), error, "{bytes:?}");
        }
    }

    #[test]
    fn pieces_are_as_large_as_they_may_be_and_no_larger() {
        let events = BinaryArray::from_iter_values([&b"aaa"[..], b"bbb", b"", b"cccccc", b"d"]);
        let pieces = |events: &BinaryArray, max| super::pieces(events, max, max);
        assert_eq!(pieces(&events, 100), vec![0..5; 1]);
        assert_eq!(pieces(&events, 6), [0..3, 3..4, 4..5]);
        assert_eq!(pieces(&events, 3), [0..1, 1..3, 3..4, 4..5]);
        assert_eq!(pieces(&events.slice(3, 2), 6), [0..1, 1..2]);
        // What is too large stands alone, even where it would fit.
        assert_eq!(super::pieces(&events, 100, 3), [0..3, 3..4, 4..5]);
        assert_eq!(super::pieces(&events, 100, 2), [0..1, 1..2, 2..3, 3..4, 4..5]);
    }
}

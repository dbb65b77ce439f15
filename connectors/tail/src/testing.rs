//! What a fuzz target feeds.

use regex::bytes::Regex;

use crate::divider::{Divider, Ending};

/// A record: its bytes, whether it is refused, and the offset behind it.
pub type Record = (Vec<u8>, bool, u64);

/// Divides a stream that comes in pieces into records of at most `max` bytes; lines that `start`
/// does not fit belong to the record before.
#[must_use]
pub fn divide(max: usize, start: Option<&Regex>, stream: &[u8], piece: usize) -> Vec<Record> {
    let mut divider = Divider::new(max, start.cloned());
    let mut records = Vec::new();
    let mut take = |divider: &mut Divider| {
        while let Some(next) = divider.peek() {
            records.push((next.bytes.to_vec(), next.fault.is_some(), next.end));
            divider.advance();
        }
    };
    for piece in stream.chunks(piece.max(1)) {
        if !divider.push(piece) {
            break;
        }
        take(&mut divider);
    }
    divider.end(Ending::Final);
    take(&mut divider);
    records
}

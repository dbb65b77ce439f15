//! Putting records on the intake, as long as it takes.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use arrow::array::{Array, BinaryArray};
use forebay_core::dead_letter::Reason;
use forebay_core::journal::{Intake, Refused};
use forebay_core::receiver::Chunk;
use tokio_util::sync::CancellationToken;

use crate::state::State;

/// Delivers what one peer sends.
#[derive(Clone)]
pub(crate) struct Delivery {
    pub(crate) intake: Intake,
    pub(crate) state: Arc<State>,
    pub(crate) stop: CancellationToken,
    pub(crate) peer: Arc<str>,
}

impl Delivery {
    /// Stores records; in several pieces, if they are more than the intake takes in one. While
    /// the journal cannot be written it tries again, until the run is stopped.
    pub(crate) async fn store(&self, values: BinaryArray) -> Result<(), Refused> {
        for range in pieces(&values, self.intake.max_chunk_bytes()) {
            let piece = values.slice(range.start, range.len());
            let offsets = piece.value_offsets();
            let bytes = offsets.last().zip(offsets.first()).map_or(0, |(last, first)| last - first);
            let (records, bytes) = (piece.len() as u64, u64::try_from(bytes).unwrap_or(0));
            self.persist(piece, None).await?;
            self.state.traffic.stored(records, bytes);
        }
        Ok(())
    }

    /// Reports a record that is refused, with its first bytes.
    pub(crate) async fn reject(&self, kept: &[u8], reason: Reason) -> Result<(), Refused> {
        self.state.traffic.set_error(format_args!("{}: {}", self.peer, reason.text));
        let values = BinaryArray::from_iter_values([kept]);
        self.persist(values, Some(reason)).await?;
        self.state.rejected.fetch_add(1, Relaxed);
        Ok(())
    }

    async fn persist(&self, values: BinaryArray, reason: Option<Reason>) -> Result<(), Refused> {
        let chunk = Chunk { values, peer: Arc::clone(&self.peer), attributes: Vec::new() };
        let note = |refused: &Refused| self.state.traffic.set_error(refused);
        self.intake.persist(chunk, reason, &self.stop, note).await
    }
}

/// Divides records into as few ranges of at most `max` bytes as there can be; a record with more
/// is a range of its own, which the intake refuses.
fn pieces(values: &BinaryArray, max: usize) -> Vec<Range<usize>> {
    let offsets = values.value_offsets();
    let mut ranges = Vec::new();
    let mut start = 0;
    while start < values.len() {
        let limit = offsets[start].saturating_add(i32::try_from(max).unwrap_or(i32::MAX));
        let fitting = offsets[start + 1..].partition_point(|end| *end <= limit);
        let end = start + fitting.max(1);
        ranges.push(start..end);
        start = end;
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_as_large_as_they_may_be_and_no_larger() {
        let values = BinaryArray::from_iter_values([&b"aaa"[..], b"bbb", b"", b"cccccc", b"d"]);
        assert_eq!(pieces(&values, 100), vec![0..5; 1]);
        assert_eq!(pieces(&values, 6), [0..3, 3..4, 4..5]);
        assert_eq!(pieces(&values, 7), [0..3, 3..5]);
        assert_eq!(pieces(&values, 3), [0..1, 1..3, 3..4, 4..5]);
        assert_eq!(pieces(&values.slice(3, 2), 6), [0..1, 1..2]);
        assert!(pieces(&values.slice(0, 0), 6).is_empty());
    }
}

//! How much of a shard a grant or a range takes.

use std::sync::Arc;

use forebay_core::batch::Slice;
use forebay_core::source::SourceError;
use forebay_core::{Position, Range, SplitId};

use crate::columns::{Columns, Layout};
use crate::place::Place;
use crate::shelf::Record;

/// The most bytes of one slice: offsets in a column have 31 bits.
const MAX_BYTES: u64 = 1 << 30;
/// The most records of one slice: so that sequence numbers of 128 digits find room too.
const MAX_RECORDS: u64 = 1 << 23;
/// Records that room is made for at first, at most.
const ROOM: u64 = 1 << 14;

/// How much of a shard, and what was taken of it.
pub(crate) struct Portion {
    from: Place,
    next: Place,
    until: Option<Place>,
    records: u64,
    bytes: u64,
    taken: u64,
    columns: Columns,
    is_full: bool,
    is_last: bool,
}

impl Portion {
    /// At most so many records and bytes behind `from`, and none behind `until`.
    pub(crate) fn new(
        layout: &Arc<Layout>,
        from: Place,
        until: Option<Place>,
        (records, bytes): (u64, u64),
        expected: u64,
    ) -> Self {
        let (records, bytes) = (records.min(MAX_RECORDS), bytes.min(MAX_BYTES));
        let room = records.min(expected).min(ROOM);
        let room_bytes = bytes.min(room.saturating_mul(256));
        let wide = |number: u64| usize::try_from(number).unwrap_or(0);
        let columns = Columns::new(layout, wide(room), wide(room_bytes));
        let is_full = until.as_ref() == Some(&from);
        let next = from.clone();
        Self { from, next, until, records, bytes, taken: 0, columns, is_full, is_last: false }
    }

    /// Takes a record if it fits; the first always does.
    pub(crate) fn offer(&mut self, record: &Record<'_>) -> bool {
        if self.is_full {
            return false;
        }
        let is_past = |until: &Place| until.is_before(record.sequence, record.sub);
        let is_too_much = self.columns.len() > 0 && self.taken + record.size() > self.bytes;
        if is_too_much || self.until.as_ref().is_some_and(is_past) {
            self.is_full = true;
            return false;
        }
        self.columns.push(record);
        self.taken += record.size();
        self.next = Place::After(record.sequence.clone(), record.sub);
        self.is_full =
            self.columns.len() as u64 >= self.records || self.until.as_ref() == Some(&self.next);
        true
    }

    /// Records that were taken.
    pub(crate) fn taken(&self) -> u64 {
        self.columns.len() as u64
    }

    /// Whether nothing more fits.
    pub(crate) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Notes that no record stands behind what was taken, nor ever will; says whether the shard's
    /// end belongs to the portion.
    pub(crate) fn end(&mut self) -> bool {
        self.is_last = self.until.as_ref().is_none_or(|until| *until == Place::End);
        if self.is_last {
            self.next = Place::End;
        }
        self.is_last
    }

    /// Goes to the end of the portion without the records that are missing there.
    pub(crate) fn pass_over(&mut self) {
        if let Some(until) = self.until.clone() {
            self.is_last = until == Place::End;
            self.next = until;
        }
    }

    /// The slice, if there is something to say.
    ///
    /// # Errors
    /// Never, as long as all columns are of one length.
    pub(crate) fn finish(
        self,
        source: &Arc<str>,
        shard: &SplitId,
        generation: u64,
        layout: &Layout,
    ) -> Result<Option<Slice>, SourceError> {
        if self.next == self.from {
            return Ok(None);
        }
        let range = Range {
            source: Arc::clone(source),
            split: shard.clone(),
            generation,
            from: Position::from(&self.from),
            until: Position::from(&self.next),
            records: self.taken(),
            bytes: self.taken,
            last: self.is_last,
        };
        let records = self.columns.finish(shard.as_str());
        let records = records.map_err(|error| SourceError::Fatal(error.to_string()))?;
        Ok(Some(Slice { range, records, raw: layout.data(), position: layout.sequence() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn portion(from: &str, until: Option<&str>, records: u64, bytes: u64) -> Portion {
        let place = |text: &str| text.parse().unwrap();
        let layout = Arc::new(Layout::all());
        Portion::new(&layout, place(from), until.map(place), (records, bytes), 10)
    }

    fn offer(portion: &mut Portion, place: &str, size: usize) -> bool {
        let Place::After(sequence, sub) = place.parse().unwrap() else { return false };
        let data = vec![b'x'; size];
        let record = Record { sequence: &sequence, sub, key: "", data: &data, arrival_ms: None };
        portion.offer(&record)
    }

    fn until(portion: Portion) -> Option<(String, u64, bool)> {
        let layout = Layout::all();
        let slice = portion.finish(&"s".into(), &"shard".into(), 3, &layout).unwrap()?;
        Some((slice.range.until.to_string(), slice.range.records, slice.range.last))
    }

    #[test]
    fn grants_are_kept_to_the_record_and_the_byte() {
        let mut few = portion("0/TRIM_HORIZON", None, 2, 100);
        assert!(offer(&mut few, "7:0", 1) && offer(&mut few, "7:1", 1));
        assert!(few.is_full() && !offer(&mut few, "7:2", 1));
        assert_eq!(until(few), Some(("7:1".to_owned(), 2, false)));

        let mut small = portion("6:0", None, 10, 10);
        assert!(offer(&mut small, "7:0", 6) && !offer(&mut small, "8:0", 5));
        assert_eq!(until(small), Some(("7:0".to_owned(), 1, false)));

        let mut large = portion("6:0", None, 10, 10);
        assert!(offer(&mut large, "7:0", 1000) && !offer(&mut large, "8:0", 0));
    }

    #[test]
    fn nothing_is_read_past_a_pinned_end() {
        let mut pinned = portion("6:0", Some("9:1"), 10, 1000);
        assert!(offer(&mut pinned, "9:0", 1) && offer(&mut pinned, "9:1", 1));
        assert!(!offer(&mut pinned, "9:2", 1) && !pinned.end());
        assert_eq!(until(pinned), Some(("9:1".to_owned(), 2, false)));
        let mut nothing = portion("9:1", Some("9:1"), 10, 1000);
        assert!(!offer(&mut nothing, "9:2", 1));
        assert_eq!(until(nothing), None);
    }

    #[test]
    fn the_end_is_said_with_the_last_records_or_without_any() {
        let mut last = portion("6:0", None, 10, 1000);
        assert!(offer(&mut last, "7:0", 1) && last.end());
        assert_eq!(until(last), Some(("SHARD_END".to_owned(), 1, true)));
        let mut empty = portion("6:0", Some("SHARD_END"), 10, 1000);
        assert!(empty.end());
        assert_eq!(until(empty), Some(("SHARD_END".to_owned(), 0, true)));
    }
}

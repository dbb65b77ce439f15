//! Filling grants from the queues.

use std::sync::Arc;
use std::time::{Duration, Instant};

use forebay_core::batch::Slice;
use forebay_core::{Range, SplitId};
use rdkafka::message::Message;

use crate::columns::{Columns, Layout};
use crate::context::Signals;
use crate::lane::{Fault, Lane};

/// How long a read waits for records that exist and are on their way, after the last that came.
const PATIENCE: Duration = Duration::from_millis(50);
/// The most bytes of one slice: offsets in a column have 31 bits.
const MAX_BYTES: u64 = 1 << 30;
/// The most records of one slice.
const MAX_RECORDS: u64 = 1 << 26;
/// Records that room is made for at first, at most.
const ROOM: u64 = 1 << 16;
/// Bytes that room is made for at first, at most.
const ROOM_BYTES: u64 = 4 << 20;

/// What is to be read of one partition.
pub(crate) struct Order {
    pub(crate) lane: Arc<Lane>,
    pub(crate) split: SplitId,
    pub(crate) generation: u64,
    pub(crate) portion: Portion,
    /// The offset after the last record that is known to exist.
    pub(crate) end: i64,
}

/// How much of a partition, and what was taken of it.
pub(crate) struct Portion {
    from: i64,
    next: i64,
    until: Option<i64>,
    records: u64,
    bytes: u64,
    taken: u64,
    columns: Columns,
    is_full: bool,
}

/// What became of a record that was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It was taken; there may be more.
    After,
    /// It does not fit any more.
    Before,
}

impl Portion {
    /// At most so many records and bytes from `from` on. Records before `floor` are known to be
    /// gone.
    pub(crate) fn new(
        layout: &Arc<Layout>,
        (from, floor): (i64, i64),
        until: Option<i64>,
        (records, bytes): (u64, u64),
        expected: u64,
    ) -> Self {
        let (records, bytes) = (records.min(MAX_RECORDS), bytes.min(MAX_BYTES));
        let room = records.min(expected).clamp(16, ROOM);
        let room_bytes = bytes.min(room.saturating_mul(256)).min(ROOM_BYTES);
        let columns = Columns::new(
            layout,
            usize::try_from(room).unwrap_or(0),
            usize::try_from(room_bytes).unwrap_or(0),
        );
        let next = until.map_or(from.max(floor), |until| from.max(floor).min(until).max(from));
        let is_full = until.is_some_and(|until| next >= until);
        Self { from, next, until, records, bytes, taken: 0, columns, is_full }
    }

    /// Where reading goes on after what was taken.
    pub(crate) fn next(&self) -> i64 {
        self.next
    }

    /// Whether nothing more fits.
    pub(crate) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Takes a record if it fits. The first always does.
    pub(crate) fn offer<M: Message>(&mut self, record: &M) -> Stop {
        let offset = record.offset();
        if let Some(until) = self.until.filter(|until| offset >= *until) {
            // Nothing else stands before a record that stands behind.
            self.next = until;
            self.is_full = true;
            return Stop::Before;
        }
        let key = record.key().map_or(0, <[u8]>::len);
        let size = (key + record.payload().map_or(0, <[u8]>::len)) as u64;
        if self.columns.len() > 0 && self.taken + size > self.bytes {
            self.is_full = true;
            return Stop::Before;
        }
        self.columns.push(record);
        self.taken += size;
        self.next = offset + 1;
        self.is_full = self.columns.len() as u64 >= self.records
            || self.taken >= self.bytes
            || self.columns.is_wide()
            || self.until.is_some_and(|until| self.next >= until);
        Stop::After
    }

    /// Notes that nothing stood before this offset when the queue ended.
    pub(crate) fn reached_end(&mut self, offset: Option<i64>) {
        let Some(offset) = offset else { return };
        let offset = self.until.map_or(offset, |until| offset.min(until));
        self.next = self.next.max(offset);
        self.is_full |= self.until.is_some_and(|until| self.next >= until);
    }

    /// The slice, if there is something to say, and how many headers were left out.
    pub(crate) fn finish(
        self,
        lane: &Lane,
        (source, split, generation): (&Arc<str>, &SplitId, u64),
        layout: &Layout,
    ) -> Result<Option<(Slice, u64)>, String> {
        if self.next == self.from {
            return Ok(None);
        }
        let records = self.columns.len() as u64;
        let columns = self.columns.finish(&lane.partition);
        let (columns, broken) = columns.map_err(|error| error.to_string())?;
        let offset = |offset: i64| u64::try_from(offset).unwrap_or(0).into();
        let range = Range {
            source: Arc::clone(source),
            split: split.clone(),
            generation,
            from: offset(self.from),
            until: offset(self.next),
            records,
            bytes: self.taken,
            last: false,
        };
        let slice =
            Slice { range, records: columns, raw: layout.value(), position: layout.offset() };
        Ok(Some((slice, broken)))
    }
}

/// How long to wait for records that are on their way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waits {
    /// Not after this.
    pub(crate) deadline: Instant,
    /// Not longer than this after the last record that came.
    pub(crate) patience: Duration,
}

impl Waits {
    /// Those of a read.
    pub(crate) fn until(deadline: Instant) -> Self {
        Self { deadline, patience: PATIENCE }
    }
}

/// Takes from the queues until the orders are filled, nothing more is on its way, or the time is
/// over. Blocks meanwhile.
pub(crate) fn fill(orders: &mut [Order], signals: &Signals, waits: Waits) -> Vec<(usize, Fault)> {
    let mut faults: Vec<(usize, Fault)> = Vec::new();
    let lanes: Vec<Arc<Lane>> = orders.iter().map(|order| Arc::clone(&order.lane)).collect();
    let mut taps: Vec<_> = lanes.iter().map(|lane| lane.tap()).collect();
    for (index, order) in orders.iter_mut().enumerate() {
        if let Err(fault) = lanes[index].turn_to(&mut taps[index], order.portion.next()) {
            faults.push((index, fault));
        }
    }
    let mut progress = Instant::now();
    loop {
        let heard = signals.bell.count();
        let mut is_waiting = false;
        for (index, order) in orders.iter_mut().enumerate() {
            let is_open = !order.portion.is_full() && !faults.iter().any(|(at, _)| *at == index);
            if !is_open {
                continue;
            }
            match lanes[index].take(&mut taps[index], &mut order.portion) {
                Ok(true) => progress = Instant::now(),
                Ok(false) => {}
                Err(fault) => {
                    faults.push((index, fault));
                    continue;
                }
            }
            is_waiting |= !order.portion.is_full() && order.portion.next() < order.end;
            if Instant::now() >= waits.deadline {
                return faults;
            }
        }
        let now = Instant::now();
        let give_up = waits.deadline.min(progress + waits.patience);
        if !is_waiting || now >= give_up || signals.is_closing() {
            return faults;
        }
        signals.bell.wait(heard, give_up - now);
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::Timestamp;
    use rdkafka::message::OwnedMessage;

    use super::*;

    fn portion(from: i64, until: Option<i64>, records: u64, bytes: u64) -> Portion {
        Portion::new(&Arc::new(Layout::all()), (from, 0), until, (records, bytes), 10)
    }

    fn record(offset: i64, size: usize) -> OwnedMessage {
        let value = Some(vec![b'x'; size]);
        OwnedMessage::new(value, None, "o".into(), Timestamp::NotAvailable, 0, offset, None)
    }

    #[test]
    fn grants_are_kept_to_the_record_and_the_byte() {
        let mut few = portion(5, None, 2, 100);
        assert_eq!((few.offer(&record(5, 1)), few.is_full()), (Stop::After, false));
        assert_eq!((few.offer(&record(7, 1)), few.is_full()), (Stop::After, true));
        assert_eq!(few.next(), 8);

        let mut small = portion(5, None, 10, 10);
        assert_eq!(small.offer(&record(5, 6)), Stop::After);
        assert_eq!((small.offer(&record(6, 5)), small.is_full()), (Stop::Before, true));
        assert_eq!(small.next(), 6);

        let mut large = portion(5, None, 10, 10);
        assert_eq!((large.offer(&record(5, 1000)), large.is_full()), (Stop::After, true));
    }

    #[test]
    fn nothing_is_read_past_a_pinned_end_and_gaps_before_it_are_passed() {
        let mut pinned = portion(5, Some(9), 10, 1000);
        assert_eq!(pinned.offer(&record(6, 1)), Stop::After);
        assert_eq!((pinned.offer(&record(9, 1)), pinned.next()), (Stop::Before, 9));
        assert!(pinned.is_full());

        let mut ended = portion(5, Some(9), 10, 1000);
        ended.reached_end(Some(7));
        assert_eq!((ended.next(), ended.is_full()), (7, false));
        ended.reached_end(None);
        ended.reached_end(Some(30));
        assert_eq!((ended.next(), ended.is_full()), (9, true));
    }

    #[test]
    fn what_is_known_to_be_gone_is_passed_over() {
        let layout = Arc::new(Layout::all());
        let gone = Portion::new(&layout, (5, 40), None, (10, 10), 10);
        assert_eq!((gone.next(), gone.is_full()), (40, false));
        let short = Portion::new(&layout, (5, 40), Some(20), (10, 10), 10);
        assert_eq!((short.next(), short.is_full()), (20, true));
    }
}

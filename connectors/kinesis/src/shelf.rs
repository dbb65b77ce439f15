//! What was fetched of a shard and not read yet.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use crate::aggregate::Aggregate;
use crate::place::{Place, Sequence};
use crate::service::Raw;

/// What a record takes in memory beside its bytes, about.
const OVERHEAD: usize = 128;

/// What was fetched of a shard and not read yet, in order.
#[derive(Debug)]
pub(crate) struct Shelf {
    /// Behind this place the shelf begins.
    head: Place,
    fetched: VecDeque<Fetched>,
    bytes: usize,
    records: u64,
}

#[derive(Debug)]
struct Fetched {
    sequence: Sequence,
    key: Arc<str>,
    arrival_ms: Option<i64>,
    body: Body,
    /// The first record of an aggregate that was not read yet.
    next: usize,
    size: usize,
}

#[derive(Debug)]
enum Body {
    Plain(Bytes),
    Packed(Aggregate),
}

/// A record, as readers see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    pub(crate) sequence: &'a Sequence,
    pub(crate) sub: u64,
    pub(crate) key: &'a str,
    pub(crate) data: &'a [u8],
    pub(crate) arrival_ms: Option<i64>,
}

impl Record<'_> {
    /// The bytes that count against limits.
    pub(crate) fn size(&self) -> u64 {
        (self.key.len() + self.data.len()) as u64
    }
}

impl Body {
    fn count(&self) -> usize {
        match self {
            Self::Plain(_) => 1,
            Self::Packed(aggregate) => aggregate.count(),
        }
    }
}

impl Shelf {
    /// An empty one, behind a place.
    pub(crate) fn new(head: Place) -> Self {
        Self { head, fetched: VecDeque::new(), bytes: 0, records: 0 }
    }

    pub(crate) fn head(&self) -> &Place {
        &self.head
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.fetched.is_empty()
    }

    /// Memory that it takes, about.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Records in it, those within aggregates each on its own.
    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    /// Behind the last record in it.
    pub(crate) fn tail(&self) -> Place {
        match self.fetched.back() {
            Some(last) => {
                let sub = last.body.count().saturating_sub(1) as u64;
                Place::After(last.sequence.clone(), sub)
            }
            None => self.head.clone(),
        }
    }

    /// When the first record in it arrived.
    pub(crate) fn oldest_ms(&self) -> Option<i64> {
        self.fetched.front().and_then(|first| first.arrival_ms)
    }

    /// Puts a record behind the others, taken apart where it was packed; without those at and
    /// before `after`.
    pub(crate) fn put(&mut self, raw: Raw, packed: Option<Aggregate>, after: Option<&Place>) {
        let size = OVERHEAD
            + raw.key.len()
            + packed.as_ref().map_or_else(|| raw.data.len(), Aggregate::size);
        let body = packed.map_or(Body::Plain(raw.data), Body::Packed);
        let count = body.count();
        let next = match after {
            Some(Place::After(sequence, sub)) if raw.sequence == *sequence => {
                usize::try_from(*sub).map_or(usize::MAX, |sub| sub.saturating_add(1))
            }
            _ => 0,
        };
        if next >= count {
            return;
        }
        self.bytes += size;
        self.records += (count - next) as u64;
        let (sequence, key, arrival_ms) = (raw.sequence, raw.key, raw.arrival_ms);
        self.fetched.push_back(Fetched { sequence, key, arrival_ms, body, next, size });
    }

    /// Offers each record to `take`, in order, until it refuses one: that one and what follows
    /// stay.
    pub(crate) fn take(&mut self, mut take: impl FnMut(Record<'_>) -> bool) {
        while let Some(first) = self.fetched.front_mut() {
            let count = first.body.count();
            while first.next < count {
                let (key, data): (&str, &[u8]) = match &first.body {
                    Body::Plain(data) => (&first.key, data),
                    Body::Packed(aggregate) => match aggregate.get(first.next) {
                        Some((key, data)) => (key, data),
                        None => ("", &[]),
                    },
                };
                let sub = first.next as u64;
                let (sequence, arrival_ms) = (&first.sequence, first.arrival_ms);
                if !take(Record { sequence, sub, key, data, arrival_ms }) {
                    return;
                }
                self.head = Place::After(first.sequence.clone(), sub);
                self.records -= 1;
                first.next += 1;
            }
            self.bytes -= first.size;
            self.fetched.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::tests::packed;

    fn raw(sequence: &str, data: Bytes) -> Raw {
        Raw { sequence: sequence.parse().unwrap(), key: "k".into(), data, arrival_ms: Some(3) }
    }

    fn shelf() -> Shelf {
        let mut shelf = Shelf::new(Place::TrimHorizon);
        shelf.put(raw("7", Bytes::from_static(b"plain")), None, None);
        let bytes = packed(&[("a", None, "one"), ("b", None, "two"), ("a", None, "three")]);
        let aggregate = Aggregate::parse(&bytes);
        shelf.put(raw("12", bytes), aggregate, None);
        shelf
    }

    fn take(shelf: &mut Shelf, mut most: usize) -> Vec<String> {
        let mut taken = Vec::new();
        shelf.take(|it| {
            most = match most.checked_sub(1) {
                Some(rest) => rest,
                None => return false,
            };
            let data = String::from_utf8_lossy(it.data);
            taken.push(format!("{}:{} {} {data}", it.sequence, it.sub, it.key));
            true
        });
        taken
    }

    #[test]
    fn records_within_aggregates_have_places_of_their_own() {
        let mut shelf = shelf();
        assert_eq!((shelf.records(), shelf.tail().to_string()), (4, "12:2".to_owned()));
        assert_eq!(take(&mut shelf, 2), ["7:0 k plain", "12:0 a one"]);
        assert_eq!((shelf.records(), shelf.head().to_string()), (2, "12:0".to_owned()));
        assert_eq!(take(&mut shelf, 9), ["12:1 b two", "12:2 a three"]);
        assert!(shelf.is_empty() && shelf.bytes() == 0 && shelf.records() == 0);
        assert_eq!(shelf.tail().to_string(), "12:2");
    }

    #[test]
    fn what_was_read_of_an_aggregate_is_left_out() {
        let after = Place::After("12".parse().unwrap(), 1);
        let mut shelf = Shelf::new(after.clone());
        let bytes = packed(&[("a", None, "one"), ("b", None, "two"), ("a", None, "three")]);
        shelf.put(raw("12", bytes.clone()), Aggregate::parse(&bytes), Some(&after));
        assert_eq!(take(&mut shelf, 9), ["12:2 a three"]);
        let end = Place::After("12".parse().unwrap(), u64::MAX);
        shelf.put(raw("12", bytes.clone()), Aggregate::parse(&bytes), Some(&end));
        assert!(shelf.is_empty());
    }
}

//! Records that wait to be sent, in order.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use crate::service::Record;

/// [What a request may hold](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html).
pub(crate) const MAX_RECORDS: usize = 500;

/// Records that wait to be sent, in order. A pure state machine.
///
/// One request is on its way at a time. What the service refuses is put back; so is what followed
/// under the same key, whether it was taken or not, so that the last record of a key is always its
/// last row.
#[derive(Debug)]
pub(crate) struct Queue {
    records: Vec<Waiting>,
    /// Those that are not written yet.
    pending: BTreeSet<usize>,
    /// Whether no request has two records of one key.
    is_strict: bool,
    max_bytes: usize,
    /// How many records a request may have: fewer after one was refused as a whole.
    crowd: usize,
    /// Records that were taken, and were sent again all the same.
    pub(crate) again: u64,
}

/// A record, and the row that it was made from.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) row: (usize, usize),
    pub(crate) record: Record,
}

impl Queue {
    pub(crate) fn new(is_strict: bool, max_bytes: usize) -> Self {
        Self {
            records: Vec::new(),
            pending: BTreeSet::new(),
            is_strict,
            max_bytes,
            crowd: MAX_RECORDS,
            again: 0,
        }
    }

    pub(crate) fn push(&mut self, row: (usize, usize), record: Record) {
        self.pending.insert(self.records.len());
        self.records.push(Waiting { row, record });
    }

    pub(crate) fn get(&self, index: usize) -> &Waiting {
        &self.records[index]
    }

    /// The records that are not written.
    pub(crate) fn rest(&self) -> impl Iterator<Item = &Waiting> {
        self.pending.iter().map(|index| &self.records[*index])
    }

    /// The records of the next request; none when all are written.
    pub(crate) fn next(&self) -> Vec<usize> {
        let mut chosen = Vec::new();
        let mut keys: HashSet<&Arc<str>> = HashSet::new();
        let mut bytes = 0;
        // How far one looks for records of other keys is bounded, or a batch of one key would be
        // looked through once for each of its records.
        let near = if self.is_strict { 8 * MAX_RECORDS } else { MAX_RECORDS };
        for index in self.pending.iter().take(near) {
            let record = &self.records[*index].record;
            if self.is_strict && !keys.insert(&record.key) {
                continue;
            }
            bytes += record.size();
            let is_full = chosen.len() >= self.crowd || bytes > self.max_bytes;
            if is_full && !chosen.is_empty() {
                break;
            }
            chosen.push(*index);
        }
        chosen
    }

    /// A request was answered: these of its records were refused.
    pub(crate) fn answered(&mut self, request: &[usize], refused: &BTreeSet<usize>) {
        self.crowd = (self.crowd * 2).min(MAX_RECORDS);
        let mut keys: HashSet<&Arc<str>> = HashSet::new();
        for index in request {
            let key = &self.records[*index].record.key;
            if refused.contains(index) {
                keys.insert(key);
            } else if keys.contains(key) {
                self.again += 1;
            } else {
                self.pending.remove(index);
            }
        }
    }

    /// A request was refused as a whole, perhaps because of one of its records: the next has
    /// fewer. Says whether it had one alone.
    pub(crate) fn divide(&mut self, request: &[usize]) -> bool {
        const PARTS: usize = 8;
        self.crowd = (request.len() / PARTS).max(1);
        request.len() == 1
    }

    /// A record can never be written.
    pub(crate) fn drop_record(&mut self, index: usize) {
        self.pending.remove(&index);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn queue(keys: &[&str], is_strict: bool) -> Queue {
        let mut queue = Queue::new(is_strict, 1000);
        for (row, key) in keys.iter().enumerate() {
            let record = Record { key: (*key).into(), hash: None, data: vec![0; 10] };
            queue.push((0, row), record);
        }
        queue
    }

    #[test]
    fn requests_keep_to_the_limits() {
        let keys: Vec<String> = (0..1200).map(|key| format!("{key:05}")).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        // 15 bytes each.
        assert_eq!(queue(&keys, false).next().len(), 66);
        let mut wide = queue(&keys, false);
        wide.max_bytes = 1 << 20;
        assert_eq!(wide.next().len(), MAX_RECORDS);
        let mut large = Queue::new(false, 5);
        large.push((0, 0), Record { key: "k".into(), hash: None, data: vec![0; 10] });
        assert_eq!(large.next(), [0]);
    }

    #[test]
    fn what_followed_a_refused_record_under_its_key_is_sent_again() {
        let mut queue = queue(&["a", "b", "a", "b", "c"], false);
        let request = queue.next();
        assert_eq!(request, [0, 1, 2, 3, 4]);
        queue.answered(&request, &BTreeSet::from([0]));
        assert_eq!((queue.next(), queue.again), (vec![0, 2], 1));
        queue.answered(&[0, 2], &BTreeSet::from([2]));
        assert_eq!(queue.next(), [2]);
        queue.answered(&[2], &BTreeSet::new());
        assert!(queue.next().is_empty());
    }

    #[test]
    fn strict_requests_have_each_key_once() {
        let mut queue = queue(&["a", "a", "b", "a"], true);
        assert_eq!(queue.next(), [0, 2]);
        queue.answered(&[0, 2], &BTreeSet::from([0]));
        assert_eq!(queue.next(), [0]);
        queue.answered(&[0], &BTreeSet::new());
        assert_eq!(queue.next(), [1]);
    }

    #[test]
    fn a_request_that_is_refused_as_a_whole_is_divided() {
        let mut queue = queue(&["a", "b", "c", "d", "e", "f", "g", "h", "i"], false);
        let request = queue.next();
        assert!(!queue.divide(&request));
        assert_eq!(queue.next(), [0]);
        assert!(queue.divide(&[0]));
        queue.drop_record(0);
        queue.answered(&[1], &BTreeSet::new());
        assert_eq!(queue.next(), [2, 3]);
    }

    proptest! {
        /// Whatever is refused, the last record of a key is its last row, and none is missing;
        /// strict order has each exactly once and in order.
        #[test]
        fn order_within_keys(
            keys in prop::collection::vec(0_u8..4, 1..60),
            chances in prop::collection::vec(any::<bool>(), 0..300),
            is_strict: bool,
        ) {
            let mut queue = Queue::new(is_strict, 120);
            for (row, key) in keys.iter().enumerate() {
                let key = format!("k{key}").into();
                queue.push((0, row), Record { key, hash: None, data: vec![0; 10] });
            }
            let mut chances = chances.into_iter();
            let mut written: Vec<usize> = Vec::new();
            loop {
                let request = queue.next();
                if request.is_empty() {
                    break;
                }
                let refused: BTreeSet<usize> =
                    request.iter().copied().filter(|_| chances.next().unwrap_or(false)).collect();
                written.extend(request.iter().filter(|index| !refused.contains(index)));
                queue.answered(&request, &refused);
            }
            for key in 0..4 {
                let of_key = |index: &&usize| keys[**index] == key;
                let rows: Vec<usize> = written.iter().filter(of_key).copied().collect();
                let all: Vec<usize> = (0..keys.len()).filter(|row| keys[*row] == key).collect();
                prop_assert_eq!(rows.last(), all.last());
                let distinct: BTreeSet<usize> = rows.iter().copied().collect();
                prop_assert_eq!(distinct.len(), all.len());
                if is_strict {
                    prop_assert_eq!(rows, all);
                }
            }
        }
    }
}

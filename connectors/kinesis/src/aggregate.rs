//! Records that a producer packed into one.
//!
//! The Kinesis Producer Library gathers records in one of the stream's, in its
//! [aggregated format](https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md):
//! a magic number, a protobuf message and its MD5. Here it is taken apart without a copy.

use std::ops::Range;

use bytes::Bytes;
use md5::{Digest, Md5};

use crate::protobuf::{Fields, Value};

const MAGIC: [u8; 4] = [0xf3, 0x89, 0x9a, 0xc2];
const DIGEST: usize = 16;

/// A record of the stream that holds records.
#[derive(Clone, Debug)]
pub struct Aggregate {
    bytes: Bytes,
    /// Where each partition key stands in `bytes`.
    keys: Vec<Range<u32>>,
    /// The explicit hash keys.
    hashes: Vec<u128>,
    records: Vec<Packed>,
}

#[derive(Clone, Debug)]
struct Packed {
    key: u32,
    hash: Option<u32>,
    data: Range<u32>,
}

/// The hash keys that belong to a shard, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashRange {
    /// The lowest.
    pub first: u128,
    /// The highest.
    pub last: u128,
}

impl HashRange {
    /// All hash keys.
    pub const ALL: Self = Self { first: 0, last: u128::MAX };

    fn holds(self, hash: u128) -> bool {
        (self.first..=self.last).contains(&hash)
    }
}

/// The hash key that Kinesis makes of a partition key.
fn hash_of(key: &[u8]) -> u128 {
    u128::from_be_bytes(Md5::digest(key).into())
}

impl Aggregate {
    /// Takes a record apart; `None` if it is no aggregate, or a broken one: then it is a record
    /// like any other.
    #[must_use]
    pub fn parse(bytes: &Bytes) -> Option<Self> {
        let rest = bytes.strip_prefix(&MAGIC)?;
        let length = rest.len().checked_sub(DIGEST).filter(|length| *length > 0)?;
        let (message, digest) = rest.split_at(length);
        if Md5::digest(message).as_slice() != digest {
            return None;
        }
        let mut aggregate = Self {
            bytes: bytes.clone(),
            keys: Vec::new(),
            hashes: Vec::new(),
            records: Vec::new(),
        };
        let start = MAGIC.len();
        for field in Fields::of(message, start) {
            match field? {
                (1, Value::Bytes(place)) => {
                    std::str::from_utf8(&bytes[wide(&place)]).ok()?;
                    aggregate.keys.push(place);
                }
                (2, Value::Bytes(place)) => {
                    let text = std::str::from_utf8(&bytes[wide(&place)]).ok()?;
                    aggregate.hashes.push(text.parse().ok()?);
                }
                (3, Value::Bytes(place)) => {
                    aggregate.records.push(Packed::parse(bytes, &place)?);
                }
                (1..=3, Value::Number(_)) => return None,
                _ => {}
            }
        }
        let is_whole = aggregate.records.iter().all(|record| {
            (record.key as usize) < aggregate.keys.len()
                && record.hash.is_none_or(|hash| (hash as usize) < aggregate.hashes.len())
        });
        (is_whole && !aggregate.records.is_empty()).then_some(aggregate)
    }

    /// How many records it holds, at least one.
    #[must_use]
    pub fn count(&self) -> usize {
        self.records.len()
    }

    /// The partition key and the data of a record in it, if there are so many.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<(&str, &[u8])> {
        let record = self.records.get(index)?;
        let key = self.keys.get(record.key as usize)?;
        let key = std::str::from_utf8(&self.bytes[wide(key)]).ok()?;
        Some((key, &self.bytes[wide(&record.data)]))
    }

    /// Whether every record in it belongs to a shard of this range. Where one does not, the stream
    /// was resharded after the producer packed them, and the producer sends all of them again.
    #[must_use]
    pub fn belongs_to(&self, range: HashRange) -> bool {
        if range == HashRange::ALL {
            return true;
        }
        let mut by_key: Vec<Option<u128>> = vec![None; self.keys.len()];
        self.records.iter().all(|record| {
            let hash = match record.hash {
                Some(index) => self.hashes[index as usize],
                None => {
                    let index = record.key as usize;
                    let key = &self.bytes[wide(&self.keys[index])];
                    *by_key[index].get_or_insert_with(|| hash_of(key))
                }
            };
            range.holds(hash)
        })
    }

    /// Bytes of memory that it takes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len()
            + self.keys.len() * size_of::<Range<u32>>()
            + self.hashes.len() * size_of::<u128>()
            + self.records.len() * size_of::<Packed>()
    }
}

impl Packed {
    fn parse(bytes: &Bytes, place: &Range<u32>) -> Option<Self> {
        let (mut key, mut hash, mut data) = (None, None, None);
        for field in Fields::of(&bytes[wide(place)], place.start as usize) {
            match field? {
                (1, Value::Number(index)) => key = Some(u32::try_from(index).ok()?),
                (2, Value::Number(index)) => hash = Some(u32::try_from(index).ok()?),
                (3, Value::Bytes(place)) => data = Some(place),
                (1 | 2, Value::Bytes(_)) | (3, Value::Number(_)) => return None,
                _ => {}
            }
        }
        Some(Self { key: key?, hash, data: data? })
    }
}

fn wide(place: &Range<u32>) -> Range<usize> {
    place.start as usize..place.end as usize
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Packs records (key, explicit hash, data) as the Kinesis Producer Library does.
    pub(crate) fn packed(records: &[(&str, Option<&str>, &str)]) -> Bytes {
        let mut message = Vec::new();
        let mut tables: [Vec<&str>; 2] = [Vec::new(), Vec::new()];
        let mut index = |table: usize, text| {
            let known = tables[table].iter().position(|known| *known == text);
            known.unwrap_or_else(|| {
                tables[table].push(text);
                tables[table].len() - 1
            })
        };
        let mut bodies = Vec::new();
        for (key, hash, data) in records {
            let mut body = vec![0x08, u8::try_from(index(0, *key)).unwrap()];
            if let Some(hash) = hash {
                body.extend([0x10, u8::try_from(index(1, *hash)).unwrap()]);
            }
            body.extend([0x1a, u8::try_from(data.len()).unwrap()]);
            body.extend(data.as_bytes());
            bodies.push(body);
        }
        for (tag, table) in [(0x0a, &tables[0]), (0x12, &tables[1])] {
            for text in table {
                message.extend([tag, u8::try_from(text.len()).unwrap()]);
                message.extend(text.as_bytes());
            }
        }
        for body in bodies {
            message.extend([0x1a, u8::try_from(body.len()).unwrap()]);
            message.extend(body);
        }
        sealed(&message)
    }

    fn sealed(message: &[u8]) -> Bytes {
        [&MAGIC[..], message, &Md5::digest(message)[..]].concat().into()
    }

    fn told(aggregate: &Aggregate) -> Vec<(&str, &[u8])> {
        (0..aggregate.count()).map(|index| aggregate.get(index).unwrap()).collect()
    }

    #[test]
    fn an_aggregate_of_another_hand_is_taken_apart() {
        // Made and read back by other programs.
        let bytes: Vec<u8> = "f3899ac20a026b310a026b321201371a0708001a036f6e651a09080110001a0374776f138f9b8c235582207ecec77f28632ea7"
            .as_bytes()
            .chunks(2)
            .map(|digits| u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap())
            .collect();
        let aggregate = Aggregate::parse(&bytes.clone().into()).unwrap();
        assert_eq!(told(&aggregate), [("k1", &b"one"[..]), ("k2", &b"two"[..])]);
        let ours = packed(&[("k1", None, "one"), ("k2", Some("7"), "two")]);
        assert_eq!(ours, bytes);
    }

    #[test]
    fn what_is_broken_is_a_record_like_any_other() {
        let good = packed(&[("a", None, "x")]);
        let mut other_digest = good.to_vec();
        *other_digest.last_mut().unwrap() ^= 1;
        for bytes in [
            Bytes::new(),
            Bytes::from_static(b"plain"),
            Bytes::from_static(&MAGIC),
            good.slice(..good.len() - 1),
            other_digest.into(),
            // A key that no table has, a length past the end, text that is none, no data, no records.
            sealed(b"\x1a\x05\x08\x01\x1a\x01x"),
            sealed(b"\x0a\x7fa"),
            sealed(b"\x0a\x01\xff\x1a\x05\x08\x00\x1a\x01x"),
            sealed(b"\x0a\x01a\x1a\x02\x08\x00"),
            sealed(b"\x0a\x01a"),
            sealed(b"\x0a\x01a\x12\x01z\x1a\x05\x08\x00\x1a\x01x"),
        ] {
            assert!(Aggregate::parse(&bytes).is_none(), "{bytes:?}");
        }
    }

    #[test]
    fn an_aggregate_belongs_to_a_shard_as_a_whole_or_not() {
        let low = HashRange { first: 0, last: 1 << 64 };
        let aggregate = Aggregate::parse(&packed(&[("a", Some("7"), "x"), ("b", Some("9"), "y")]));
        assert!(aggregate.unwrap().belongs_to(low));
        // The MD5 of "a" is 0cc1…, which is above.
        let aggregate = Aggregate::parse(&packed(&[("a", Some("7"), "x"), ("a", None, "y")]));
        let aggregate = aggregate.unwrap();
        assert!(!aggregate.belongs_to(low));
        assert!(aggregate.belongs_to(HashRange { first: 0, last: u128::MAX >> 1 }));
        assert!(aggregate.belongs_to(HashRange::ALL));
    }

    #[test]
    fn an_absent_hash_is_not_the_first_of_the_table() {
        let aggregate = Aggregate::parse(&packed(&[("z", Some("1"), "x"), ("a", None, "y")]));
        assert!(!aggregate.unwrap().belongs_to(HashRange { first: 0, last: 1 << 64 }));
    }
}

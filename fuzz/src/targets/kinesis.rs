//! Records of a Kinesis stream that hold records.

use bytes::Bytes;
use forebay_kinesis_source::aggregate::{Aggregate, HashRange};
use md5::{Digest, Md5};

const MAGIC: [u8; 4] = [0xf3, 0x89, 0x9a, 0xc2];

/// First byte: whether the rest is a message, which is sealed, so that what is behind the checksum
/// is reached; else it is a record as it stands.
pub(super) fn run(data: &[u8]) {
    let [how, rest @ ..] = data else { return };
    let record: Bytes = match how % 4 {
        0 => rest.to_vec().into(),
        _ => sealed(rest).into(),
    };
    let Some(aggregate) = Aggregate::parse(&record) else { return };
    let mut bytes = 0;
    for index in 0..aggregate.count() {
        let (key, data) = aggregate.get(index).unwrap();
        assert!(key.len() <= record.len());
        bytes += data.len();
    }
    // Each byte of data stands in the record once.
    assert!(aggregate.count() > 0 && bytes < record.len());
    assert!(aggregate.get(aggregate.count()).is_none());
    assert!(aggregate.size() <= 64 * record.len());
    assert!(aggregate.belongs_to(HashRange::ALL));
    // Either half, or both between them.
    let low = aggregate.belongs_to(HashRange { first: 0, last: u128::MAX >> 1 });
    let high = aggregate.belongs_to(HashRange { first: 1 << 127, last: u128::MAX });
    assert!(!(low && high));
}

fn sealed(message: &[u8]) -> Vec<u8> {
    [&MAGIC[..], message, &Md5::digest(message)[..]].concat()
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let plain = b"\x0a\x02k1\x0a\x02k2\x12\x017\x1a\x07\x08\x00\x1a\x03one\x1a\x09\x08\x01\x10\x00\x1a\x03two";
    let tagged = b"\x0a\x01k\x1a\x0f\x08\x00\x1a\x03one\x22\x06\x0a\x01a\x12\x01b";
    let wide = b"\x0a\x01k\x12\x27340282366920938463463374607431768211455\x1a\x07\x08\x00\x10\x00\x1a\x01x";
    vec![
        [&[1][..], plain].concat(),
        [&[1][..], tagged].concat(),
        [&[1][..], wide].concat(),
        [&[0][..], &sealed(plain)].concat(),
        b"\x00plain".to_vec(),
    ]
}

//! Files that grow, divided into lines or into records of several lines.

use std::sync::OnceLock;

use forebay_tail_source::testing::divide;
use regex::bytes::Regex;

/// First byte: whether lines belong together, longest record; second: the size of the pieces.
pub(super) fn run(data: &[u8]) {
    static START: OnceLock<Regex> = OnceLock::new();
    let [how, piece, stream @ ..] = data else { return };
    let start = START.get_or_init(|| Regex::new(r"^(\d|\[)").unwrap());
    let start = (how & 1 == 1).then_some(start);
    let max = 1 << (how >> 4);
    let whole = divide(max, start, stream, stream.len());
    let pieces = divide(max, start, stream, usize::from(*piece));
    assert_eq!(whole, pieces, "the size of the pieces counts");
    assert!(
        whole.iter().all(|(record, refused, _)| record.len() <= if *refused { 4096 } else { max })
    );
    assert!(whole.windows(2).all(|pair| pair[0].2 < pair[1].2));
    assert_eq!(whole.last().map_or(0, |last| last.2), stream.len() as u64, "all is taken");
    // What makes a replay the same: what is cut behind a record has the same records.
    if let Some((_, _, end)) = whole.get(whole.len() / 2) {
        let (first, rest) = stream.split_at(usize::try_from(*end).unwrap());
        let mut parts = divide(max, start, first, first.len());
        let behind = divide(max, start, rest, rest.len());
        parts.extend(behind.into_iter().map(|(record, refused, at)| (record, refused, at + end)));
        assert_eq!(whole, parts, "a replay differs");
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    [
        &b"\x80\x03first\nsecond\r\n\nlast"[..],
        b"\x81\x04  before\n1 error\n  at a\n  at b\n[2] fine\n  half",
        b"\x21\x02123456789\n1\n2\n  too long for this\nx\n",
    ]
    .map(<[u8]>::to_vec)
    .to_vec()
}

//! Streams divided.

use arrow::array::Array as _;
use proptest::prelude::*;

use super::{Framed, Framing, Splitter};

/// Everything that comes of a stream that is pushed in pieces of these lengths.
fn split(framing: Framing, max: usize, stream: &[u8], cuts: &[usize], take: bool) -> Framed {
    let mut splitter = Splitter::new(framing, max);
    let mut records: Vec<Vec<u8>> = Vec::new();
    let mut ends = Vec::new();
    let mut refused = Vec::new();
    let mut gather = |splitter: &mut Splitter| {
        let mut framed = splitter.take();
        let before = records.len();
        records.extend(framed.values.iter().flatten().map(<[u8]>::to_vec));
        ends.append(&mut framed.ends);
        framed.refused.iter_mut().for_each(|refusal| refusal.before += before);
        refused.append(&mut framed.refused);
    };
    let mut rest = stream;
    for cut in cuts {
        let (piece, after) = rest.split_at((*cut).min(rest.len()));
        assert!(splitter.push(piece));
        assert!(splitter.partial_bytes() <= (max + 1).max(4096), "memory is bounded");
        if take {
            gather(&mut splitter);
        }
        rest = after;
    }
    assert!(splitter.push(rest));
    splitter.finish();
    gather(&mut splitter);
    assert!(splitter.is_empty() && splitter.partial_bytes() == 0);
    let values = records.iter().map(|record| Some(record.as_slice())).collect();
    Framed { values, ends, refused }
}

fn texts(framed: &Framed) -> Vec<&str> {
    framed.values.iter().flatten().map(|value| std::str::from_utf8(value).unwrap()).collect()
}

#[test]
fn lines_end_with_either_line_end() {
    let framed = split(Framing::Newline, 10, b"a\r\nbb\n\nc\rd\nlast", &[], false);
    assert_eq!(texts(&framed), ["a", "bb", "", "c\rd", "last"]);
    assert_eq!(framed.ends, [3, 6, 7, 11, 15]);
    assert!(framed.refused.is_empty());
}

#[test]
fn an_oversize_line_is_cut_out_and_the_stream_goes_on() {
    let framed = split(Framing::Newline, 4, b"1234\r\n12345\r\nab\n123456789", &[1; 20], true);
    assert_eq!(texts(&framed), ["1234", "ab"]);
    assert_eq!(framed.refused.len(), 2);
    let first = &framed.refused[0];
    assert_eq!((first.before, first.length, first.end), (1, 5, 13));
    assert_eq!((first.bytes.as_slice(), first.reason.class), (b"12345".as_slice(), "oversize"));
    assert_eq!((framed.refused[1].before, framed.refused[1].length), (2, 9));
}

#[test]
fn frames_have_their_length_before_them() {
    let stream = b"\0\0\0\x02ab\0\0\0\0\0\0\0\x05large\0\0\0\x01c\0\0\0\x03xy";
    let framed = split(Framing::Length, 4, stream, &[3, 1, 1], true);
    assert_eq!(texts(&framed), ["ab", "", "c"]);
    assert_eq!(framed.ends, [6, 10, 24]);
    let classes: Vec<_> = framed.refused.iter().map(|refusal| refusal.reason.class).collect();
    assert_eq!(classes, ["oversize", "truncated"]);
    assert_eq!((framed.refused[0].before, framed.refused[0].length), (2, 5));
    assert_eq!(
        (framed.refused[1].before, framed.refused[1].bytes.as_slice()),
        (3, b"xy".as_slice())
    );
}

#[test]
fn a_length_from_outside_reserves_nothing() {
    let mut splitter = Splitter::new(Framing::Length, 1 << 20);
    assert!(splitter.push(&u32::MAX.to_be_bytes()));
    for _ in 0..100 {
        assert!(splitter.push(&[7; 65_536]));
        assert!(splitter.partial_bytes() <= 4096);
    }
    splitter.abandon();
    let framed = splitter.take();
    assert_eq!(framed.refused.len(), 1);
    assert_eq!(framed.refused[0].reason.class, "truncated");
}

#[test]
fn a_stream_that_breaks_off_makes_no_record_of_half_a_line() {
    let mut splitter = Splitter::new(Framing::Newline, 100);
    assert!(splitter.push(b"whole\nha"));
    splitter.abandon();
    let framed = splitter.take();
    assert_eq!(texts(&framed), ["whole"]);
    assert_eq!(framed.refused[0].bytes, b"ha");
}

fn streams() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(b"abc\r\n\n\0\0\0\x01\x02\x03".to_vec()), 0..200)
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_records(
        stream in streams(),
        cuts in prop::collection::vec(0usize..9, 0..80),
        max in 0usize..12,
        length in any::<bool>(),
        take in any::<bool>(),
    ) {
        let framing = if length { Framing::Length } else { Framing::Newline };
        let whole = split(framing, max, &stream, &[], false);
        let pieces = split(framing, max, &stream, &cuts, take);
        prop_assert_eq!(whole.values, pieces.values);
        prop_assert_eq!(whole.ends, pieces.ends);
        prop_assert_eq!(whole.refused, pieces.refused);
    }

    #[test]
    fn lines_are_those_of_the_stream(stream in streams(), max in 0usize..12) {
        let framed = split(Framing::Newline, max, &stream, &[], false);
        let mut lines: Vec<_> = stream.split(|b| *b == b'\n').collect();
        let last = lines.pop().unwrap();
        let mut expected: Vec<_> =
            lines.into_iter().map(|line| line.strip_suffix(b"\r").unwrap_or(line)).collect();
        if !last.is_empty() {
            expected.push(last);
        }
        expected.retain(|line| line.len() <= max);
        prop_assert_eq!(framed.values.iter().flatten().collect::<Vec<_>>(), expected);
    }
}

#[test]
fn an_oversize_record_can_be_given_up_before_its_end() {
    for (framing, stream, length) in [
        (Framing::Length, &b"\0\0\0\x02ok\xff\xff\xff\xfftail"[..], u64::from(u32::MAX)),
        (Framing::Newline, b"ok\nfar too long", 12),
    ] {
        let mut splitter = Splitter::new(framing, 4);
        assert!(!splitter.give_up_oversize());
        assert!(splitter.push(stream));
        assert!(splitter.give_up_oversize() && !splitter.give_up_oversize());
        let framed = splitter.take();
        assert_eq!((framed.values.len(), framed.values.value(0)), (1, &b"ok"[..]));
        assert_eq!(
            (framed.refused[0].length, framed.refused[0].reason.class),
            (length, "oversize")
        );
    }
}

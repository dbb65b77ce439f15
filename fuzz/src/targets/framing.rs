//! Streams divided into records.

use forebay_formats::framing::{Framed, Framing, Splitter};

/// First byte: framing, longest record, how the stream ends; second: the size of the pieces.
pub(super) fn run(data: &[u8]) {
    let [how, piece, stream @ ..] = data else { return };
    let framing = if how & 1 == 0 { Framing::Newline } else { Framing::Length };
    let max = 1 << (how >> 4);
    let whole = divide(framing, max, stream, stream.len(), how & 2 == 0);
    let pieces = divide(framing, max, stream, usize::from(*piece), how & 2 == 0);
    assert_eq!(whole.values, pieces.values, "the size of the pieces counts");
    assert_eq!((&whole.ends, &whole.refused), (&pieces.ends, &pieces.refused));
    assert!(whole.values.iter().flatten().all(|record| record.len() <= max));
    assert!(whole.ends.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(whole.ends.iter().all(|end| *end <= stream.len() as u64));
    assert!(whole.refused.iter().all(|refusal| refusal.bytes.len() <= 4096));
}

fn divide(framing: Framing, max: usize, stream: &[u8], piece: usize, ends: bool) -> Framed {
    let mut splitter = Splitter::new(framing, max);
    for piece in stream.chunks(piece.max(1)) {
        assert!(splitter.push(piece));
        assert!(splitter.partial_bytes() <= max.max(4096) + piece.len() + 4);
    }
    match ends {
        true => splitter.finish(),
        false => splitter.abandon(),
    }
    splitter.take()
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    [
        &b"\x80\x03first\nsecond\r\n\nlast"[..],
        b"\x20\x01too long for this\nshort\n",
        b"\x81\x02\x00\x00\x00\x03abc\x00\x00\x00\x00\x00\x00\x00\x01z",
        b"\x23\x02\xff\xff\xff\xffabc",
    ]
    .map(<[u8]>::to_vec)
    .to_vec()
}

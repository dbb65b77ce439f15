//! Segments of a journal. Checksums are made to fit, or nothing behind them would ever be reached.

use std::cell::RefCell;

use forebay_core::journal::verify;

use crate::scratch::Scratch;

const SALT: u64 = 0x5a17;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::new());
}

/// The input is a list of frames, see [`frame`]; the first byte says how the segment is damaged.
pub(super) fn run(data: &[u8]) {
    let [how, rest @ ..] = data else { return };
    let mut rest = rest;
    let mut segment = header(if how & 4 == 4 { 2 } else { 1 });
    let (mut seq, mut whole) = (1, 0_u64);
    while let [records, flags, length, bytes @ ..] = rest {
        let (payload, after) = bytes.split_at(usize::from(*length).min(bytes.len()));
        frame(&mut segment, seq, u32::from(*records), u32::from(*flags), payload);
        seq += u64::from(*records).max(1);
        whole += 1;
        rest = after;
    }
    if how & 1 == 1 {
        // What follows the frames is anything.
        segment.extend_from_slice(rest);
        segment.extend_from_slice(data);
    }
    if how & 2 == 2 {
        let at = usize::from(*how) * 7 % segment.len();
        segment[at] ^= 0x10;
    }
    SCRATCH.with_borrow(|scratch| {
        scratch.write(&format!("{:020}-{SALT:016x}.segment", 1), &segment);
        let Ok(reports) = verify(scratch.folder()) else { return };
        for report in &reports {
            let info = &report.info;
            assert!(info.records <= seq && info.first <= info.until);
            assert!(report.damage.iter().all(|it| it.offset < it.end && it.end <= info.bytes));
            let ends = report.damage.windows(2).all(|pair| pair[0].end <= pair[1].offset);
            assert!(ends, "damage overlaps: {:?}", report.damage);
        }
        assert!(whole == 0 || !reports.is_empty());
    });
}

/// The header of a segment, as `core/src/journal/disk` describes it.
fn header(version: u32) -> Vec<u8> {
    let mut header = b"FOREBAYJ".to_vec();
    header.extend_from_slice(&version.to_le_bytes());
    for number in [1, 1, SALT] {
        header.extend_from_slice(&u64::to_le_bytes(number));
    }
    header.extend_from_slice(&crc32fast::hash(&header).to_le_bytes());
    header
}

/// A frame with any payload, whose checksums fit.
fn frame(out: &mut Vec<u8>, seq: u64, records: u32, flags: u32, payload: &[u8]) {
    let mut header = b"\xf7FBY".to_vec();
    for number in [u32::try_from(payload.len()).unwrap_or(0), records, flags] {
        header.extend_from_slice(&number.to_le_bytes());
    }
    header.extend_from_slice(&seq.to_le_bytes());
    header.extend_from_slice(&1_700_000_000_000_u64.to_le_bytes());
    header.extend_from_slice(&crc32fast::hash(payload).to_le_bytes());
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(&SALT.to_le_bytes());
    checksum.update(&header);
    header.extend_from_slice(&checksum.finalize().to_le_bytes());
    out.extend_from_slice(&header);
    out.extend_from_slice(payload);
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let text = |text: &str| {
        [&u32::try_from(text.len()).unwrap_or(0).to_le_bytes()[..], text.as_bytes()].concat()
    };
    let values = [&3_u32.to_le_bytes()[..], &5_u32.to_le_bytes(), b"abcde"].concat();
    let plain =
        [text("peer:1"), vec![1, 0, 0, 0], text("topic"), text("x"), values.clone()].concat();
    let refused = [text(""), vec![0; 4], text("oversize"), text("too long"), values].concat();
    let entry = |flags: u8, payload: &[u8]| {
        [&[2, flags, u8::try_from(payload.len()).unwrap_or(u8::MAX)][..], payload].concat()
    };
    vec![
        [&[0][..], &entry(0, &plain), &entry(1, &refused), &entry(0, &plain)].concat(),
        [&[3][..], &entry(1, &refused), &entry(0, &plain)].concat(),
        [&[5][..], &entry(0, &plain), &entry(2, &plain), &entry(3, &refused)].concat(),
        [&[7][..], &entry(0, &plain), &entry(2, &plain), &entry(2, &plain)].concat(),
    ]
}

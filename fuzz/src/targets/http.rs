//! Bodies of requests: expanded, and cut into records.

use std::io::Write;

use arrow::array::Array;
use forebay_http_source::testing::cut_body;

/// The largest expanded body, in bytes.
const MAX: usize = 1 << 20;

const ENCODINGS: [&str; 3] = ["identity", "gzip", "zstd"];
const KINDS: [&str; 3] = ["application/x-ndjson", "application/json", "application/octet-stream"];

/// First byte: encoding and kind; then the body.
pub(super) fn run(data: &[u8]) {
    let [how, body @ ..] = data else { return };
    let encoding = ENCODINGS[usize::from(*how) % ENCODINGS.len()];
    let kind = KINDS[usize::from(*how >> 4) % KINDS.len()];
    let Ok(pieces) = cut_body(encoding, kind, body.to_vec(), MAX) else { return };
    for piece in &pieces {
        assert!(piece.value_data().len() <= MAX && !piece.is_empty());
        assert_eq!(piece.null_count(), 0);
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let array = br#"[{"a": 1}, [2, "x,]"], "\"", null, 1.5e3]"#;
    let mut gzip = flate2::write::GzEncoder::new(vec![0x01], flate2::Compression::fast());
    gzip.write_all(b"first\nsecond\r\n\n").unwrap();
    let zstd = zstd::encode_all(&array[..], 1).unwrap();
    vec![
        b"\x00first\nsecond\r\n\nlast".to_vec(),
        [&[0x12][..], array].concat(),
        [&[0x10][..], array].concat(),
        gzip.finish().unwrap(),
        [&[0x11][..], &zstd].concat(),
        [&[0x20][..], array].concat(),
    ]
}

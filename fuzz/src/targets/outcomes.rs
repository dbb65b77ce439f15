//! What a destination answers row by row.

use forebay_clients::outcomes::outcomes;

/// First byte: how many rows were sent.
pub(super) fn run(data: &[u8]) {
    let [rows, answer @ ..] = data else { return };
    let rows = usize::from(*rows);
    if let Ok(found) = outcomes(answer, rows) {
        assert!(found.keys().all(|row| *row < rows));
        assert!(found.values().all(|(_, reason)| reason.text.len() <= 1100));
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    [
        &b"\x09{\"errors\": [{\"row\": 3, \"reason\": \"no\"}, {\"row\": 7, \"retry\": true}]}"[..],
        b"\x01{}",
        b"\x01{\"errors\": [{\"row\": 0, \"reason\": \"\\u00fc\\ud83d\\ude00\"}], \"took\": 1e3}",
    ]
    .map(<[u8]>::to_vec)
    .to_vec()
}

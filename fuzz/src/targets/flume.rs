//! What agents of Flume send.

use arrow::array::Array;
use forebay_flume_source::testing::{PUSH_PROTOCOL, event, serve};

/// The largest message, in bytes.
const MAX: usize = 1 << 20;

/// First byte: the size of the pieces in which the stream comes; then the stream. The events are
/// the same in pieces of any size.
pub(super) fn run_push(data: &[u8]) {
    let [step, stream @ ..] = data else { return };
    let whole = serve(stream, usize::MAX, MAX);
    let pieces = serve(stream, usize::from(*step), MAX);
    assert_eq!(whole, pieces);
    let Ok((batches, answers)) = whole else { return };
    let bytes: usize = batches
        .iter()
        .flat_map(|batch| {
            assert_eq!(batch.null_count(), 0);
            batch.iter().flatten().map(<[u8]>::len)
        })
        .sum();
    assert!(bytes <= stream.len());
    // An answer is never much larger than our protocol's text.
    assert!(answers.iter().all(|answer| answer.len() < 2 * PUSH_PROTOCOL.len()));
}

pub(super) fn push_seeds() -> Vec<Vec<u8>> {
    let events = [event(&[("host", "n1"), ("dc", "")], b"body"), event(&[], b"")];
    let call = |name: &str, count: &[u8], events: &[Vec<u8>], end: &[u8]| {
        let length = u8::try_from(2 * name.len()).unwrap();
        [&[0, length], name.as_bytes(), count, &events.concat(), end].concat()
    };
    let batch = call("appendBatch", &[4], &events, &[0]);
    let size = u8::try_from(2 * events[0].len()).unwrap();
    let blocks = [&events[0][..], &[1, 4], &events[1]].concat();
    let blocks = call("appendBatch", &[1, size], &[blocks], &[0]);
    let single = call("append", &[], &events[..1], &[]);
    let text = PUSH_PROTOCOL.as_bytes();
    let length = [0xfa, 0x07];
    assert_eq!(text.len(), 509);
    let unknown = [&[7; 16][..], &[0], &[7; 16], &[2, 0], &batch].concat();
    let told = [&[7; 16][..], &[2], &length, text, &[7; 16], &[0], &batch].concat();
    let framed = |messages: &[&[u8]]| {
        let mut stream = vec![5];
        for (serial, message) in (1_u8..).zip(messages) {
            let (first, second) = message.split_at(message.len() / 2);
            stream.extend([0, 0, 0, serial, 0, 0, 0, 2]);
            for buffer in [first, second] {
                stream.extend(u32::try_from(buffer.len()).unwrap().to_be_bytes());
                stream.extend(buffer);
            }
        }
        stream
    };
    vec![
        framed(&[&unknown, &told, &batch, &blocks, &single, &[0, 0]]),
        framed(&[&told]),
        framed(&[&told, &call("other", &[], &[], &[])]),
        framed(&[&unknown]),
    ]
}

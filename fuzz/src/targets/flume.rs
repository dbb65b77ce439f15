//! What agents of Flume send.

use arrow::array::{Array, BinaryArray};
use forebay_flume_source::testing::{PUSH_PROTOCOL, batch_of, event, parts, serve};

/// The largest message, in bytes.
const MAX: usize = 1 << 20;

/// First byte: the size of the pieces in which the stream comes; then the stream. The events are
/// the same in pieces of any size, and each of them can be read again.
pub(super) fn run_push(data: &[u8]) {
    let [step, stream @ ..] = data else { return };
    let whole = serve(stream, usize::MAX, MAX);
    let pieces = serve(stream, usize::from(*step), MAX);
    assert_eq!(whole, pieces);
    for turn in whole.unwrap_or_default() {
        // An answer is never much larger than our protocol's text and a name.
        assert!(turn.answer.len() < 4 * PUSH_PROTOCOL.len());
        turn.events.iter().for_each(|events| check(events, stream.len()));
    }
}

/// An answer of a sink that is polled.
pub(super) fn run_pull(data: &[u8]) {
    if let Ok(events) = batch_of(data) {
        check(&events, data.len());
    }
}

/// Events that came in so many bytes.
fn check(events: &BinaryArray, length: usize) {
    assert_eq!(events.null_count(), 0);
    let mut bytes = 0;
    for event in events.iter().flatten() {
        let (headers, body) = parts(event).unwrap();
        bytes += headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        bytes += body.len();
    }
    assert!(bytes <= length);
    // No event takes more than its headers, its body, and their lengths.
    assert!(events.value_data().len() <= 3 * length.max(1) + 16);
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
        // Thrift: compact, then binary.
        b"\x03\0\0\0\x2e\x82\x21\x01\x0bappendBatch\x19\x2c\x1b\x01\x88\x02dc\x03NYC\x18\x010\0\x1b\
          \x01\x88\x02dc\x03NYC\x18\x011\0\0"
            .to_vec(),
        b"\x07\0\0\0\x3d\x80\x01\0\x01\0\0\0\x06append\0\0\0\x07\x0c\0\x01\x0d\0\x01\x0b\x0b\0\0\0\x01\
          \0\0\0\x01k\0\0\0\x01v\x0b\0\x02\0\0\0\x04body\x08\0\x03\0\0\0\x01\0\0"
            .to_vec(),
    ]
}

pub(super) fn pull_seeds() -> Vec<Vec<u8>> {
    let event = event(&[("dc", "NYC")], b"0");
    let batch = [&b"\0\0\0\0\0\0\0\x1240c032d11\x04"[..], &event, &event, &[0]].concat();
    let size = u8::try_from(2 * event.len()).unwrap();
    let blocks = [&b"\0\0\0\0\0\0\0\x021\x01"[..], &[size], &event, b"\x02", &event, &[0]].concat();
    vec![
        batch,
        blocks,
        // An error instead of events, a system error, and a sink that does not know us.
        b"\0\0\0\0\0\0\x0estopped\0\0".to_vec(),
        b"\0\0\0\0\0\x01\0\x0astuck".to_vec(),
        [&b"\x04\x02\x04{}\x02"[..], &[7; 16], &[0]].concat(),
    ]
}

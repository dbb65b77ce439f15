//! What a sink answers to a poll: `record { errorMsg: string, sequenceNumber: string, events: array }`.

use arrow::array::BinaryArray;

use crate::event;
use crate::rpc::Outcome;
use crate::wire::{Cursor, WireError, put_bytes};

/// A batch, whose transaction is open in the agent until it is acknowledged or given back.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    /// The parameters of the call that acknowledges it, or gives it back.
    pub(crate) sequence: Vec<u8>,
    pub(crate) events: BinaryArray,
}

impl Batch {
    /// Reads an answer.
    ///
    /// # Errors
    /// What the sink says instead of a batch, or that it is none.
    pub(crate) fn read(outcome: &Outcome) -> Result<Self, String> {
        let broken = |error: WireError| format!("its batch is broken: {error}");
        let mut cursor = Cursor::at(&outcome.message, outcome.at);
        let error = cursor.bytes().map_err(broken)?;
        if !error.is_empty() {
            return Err(format!("it has no batch: {}", String::from_utf8_lossy(error)));
        }
        let mut sequence = Vec::new();
        put_bytes(&mut sequence, cursor.bytes().map_err(broken)?);
        let (events, end) = event::batch(&outcome.message, cursor.position()).map_err(broken)?;
        Cursor::at(&outcome.message, end).end().map_err(broken)?;
        Ok(Self { sequence, events })
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::Array;
    use arrow::buffer::Buffer;

    use super::*;

    fn read(bytes: &[u8]) -> Result<Batch, String> {
        Batch::read(&Outcome { message: Buffer::from(bytes), at: 2 })
    }

    #[test]
    fn batches_are_read_and_errors_are_said() {
        // As a sink of Spark 2.4 sent it, cut to one event.
        let batch = read(b"\0\0\x00\x1240c032d11\x02\x02\x04dc\x06NYC\x00\x020\x00").unwrap();
        assert_eq!(batch.sequence, b"\x1240c032d11");
        assert_eq!(batch.events.len(), 1);
        assert_eq!(batch.events.value(0), b"\x02\x04dc\x06NYC\x00\x020");
        let error = read(b"\0\0\x0eStopped\x00\x00").unwrap_err();
        assert!(error.contains("Stopped"), "{error}");
        for broken in [&b"\0\0"[..], b"\0\0\0\0", b"\0\0\0\x02x\0\0", b"\0\0\0\x02x\x02\0"] {
            assert!(read(broken).unwrap_err().contains("broken"), "{broken:?}");
        }
    }
}

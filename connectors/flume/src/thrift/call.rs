//! What a message asks for, and its answer.

use arrow::array::BinaryArray;
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};

use crate::event;

use super::cursor::{Cursor, Dialect, Kind, ThriftError};

/// A call, an answer and an exception, as types of messages.
const CALL: u8 = 1;
const REPLY: u8 = 2;
const EXCEPTION: u8 = 3;

/// The longest name of a call that is repeated in its answer.
const MAX_NAME: usize = 1 << 10;

/// What a message asks for.
#[derive(Debug)]
pub(crate) enum ThriftCall {
    /// To take events.
    Take(BinaryArray, Reply),
    /// Something that cannot be done, for this reason.
    Refused(Reply, String),
}

/// Where an answer goes.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    dialect: Dialect,
    sequence: u32,
    name: Vec<u8>,
}

/// Looks at a message.
///
/// # Errors
/// It is broken, so that nobody knows what to answer.
pub(crate) fn call(message: &[u8]) -> Result<ThriftCall, ThriftError> {
    let dialect = message.first().and_then(|byte| Dialect::of(*byte));
    let mut cursor = Cursor::new(message, dialect.ok_or(ThriftError::Version)?);
    let reply = head(&mut cursor)?;
    let is_batch = match reply.name.as_slice() {
        b"append" => false,
        b"appendBatch" => true,
        other => {
            let text = format!("there is no call `{}`", String::from_utf8_lossy(other));
            return Ok(ThriftCall::Refused(reply, text));
        }
    };
    let read = parameters(&mut cursor, is_batch).and_then(|events| {
        cursor.end()?;
        events.finish()
    });
    Ok(match read {
        Ok(events) => ThriftCall::Take(events, reply),
        Err(error) => ThriftCall::Refused(reply, format!("the events are broken: {error}")),
    })
}

/// Reads what stands before the parameters of a call.
fn head(cursor: &mut Cursor<'_>) -> Result<Reply, ThriftError> {
    let dialect = cursor.dialect;
    let (sequence, name) = match dialect {
        Dialect::Compact => {
            cursor.byte()?;
            if cursor.byte()? != CALL << 5 | 1 {
                return Err(ThriftError::Version);
            }
            let sequence = u32::try_from(cursor.varint()?).map_err(|_| ThriftError::Number)?;
            (sequence, cursor.bytes()?)
        }
        Dialect::Binary => {
            if cursor.int()?.to_be_bytes() != [0x80, 1, 0, CALL] {
                return Err(ThriftError::Version);
            }
            let name = cursor.bytes()?;
            (cursor.int()?.cast_unsigned(), name)
        }
    };
    match name.len() {
        0..=MAX_NAME => Ok(Reply { dialect, sequence, name: name.to_vec() }),
        long => Err(ThriftError::Length(i64::try_from(long).unwrap_or(i64::MAX))),
    }
}

/// Events on their way into a column, as they would travel by Avro.
#[derive(Debug, Default)]
struct Events {
    values: Vec<u8>,
    ends: Vec<i32>,
}

impl Events {
    fn finish(mut self) -> Result<BinaryArray, ThriftError> {
        self.ends.insert(0, 0);
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.ends));
        let values = Buffer::from_vec(self.values);
        BinaryArray::try_new(offsets, values, None).map_err(|_| ThriftError::Large)
    }
}

/// Reads the struct of parameters, whose first field is an event or a list of them.
fn parameters(cursor: &mut Cursor<'_>, is_batch: bool) -> Result<Events, ThriftError> {
    let mut events = Events::default();
    let mut last = 0;
    while let Some((kind, id)) = cursor.field(last)? {
        last = id;
        match (id, kind, is_batch) {
            (1, Kind::Struct, false) => event(cursor, &mut events)?,
            (1, Kind::List, true) => {
                let (item, count) = cursor.list()?;
                // The kind of the items of an empty list means nothing.
                if count > 0 && item != Kind::Struct {
                    return Err(ThriftError::Mismatch);
                }
                for _ in 0..count {
                    event(cursor, &mut events)?;
                }
            }
            (1, ..) => return Err(ThriftError::Mismatch),
            _ => cursor.skip(kind)?,
        }
    }
    Ok(events)
}

/// Reads one event: a struct of headers and a body.
fn event(cursor: &mut Cursor<'_>, events: &mut Events) -> Result<(), ThriftError> {
    let (mut headers, mut has_headers, mut body, mut last) = (Vec::new(), false, None, 0);
    while let Some((kind, id)) = cursor.field(last)? {
        last = id;
        match (id, kind) {
            (1, Kind::Map) => {
                let (key, value, count) = cursor.map()?;
                if count > 0 && (key, value) != (Kind::Bytes, Kind::Bytes) {
                    return Err(ThriftError::Mismatch);
                }
                headers.clear();
                has_headers = true;
                for _ in 0..count {
                    headers.push((cursor.bytes()?, cursor.bytes()?));
                }
            }
            (2, Kind::Bytes) => body = Some(cursor.bytes()?),
            (1 | 2, _) => return Err(ThriftError::Mismatch),
            (_, kind) => cursor.skip(kind)?,
        }
    }
    // Both are there always; so no event takes more memory than its message has for it.
    let body = body.filter(|_| has_headers).ok_or(ThriftError::Missing)?;
    event::put(&mut events.values, headers.into_iter(), body);
    events.ends.push(i32::try_from(events.values.len()).map_err(|_| ThriftError::Large)?);
    Ok(())
}

impl Reply {
    /// The events are kept.
    pub(crate) fn ok(&self) -> Vec<u8> {
        self.status(0)
    }

    /// The events are not kept, and should be sent again.
    pub(crate) fn failed(&self) -> Vec<u8> {
        self.status(1)
    }

    fn status(&self, status: u8) -> Vec<u8> {
        let mut out = self.begin(REPLY);
        // The result is field 0, a number of 32 bits; then the end of the struct.
        match self.dialect {
            Dialect::Compact => out.extend([5, 0, status << 1, 0]),
            Dialect::Binary => out.extend([8, 0, 0, 0, 0, 0, status, 0]),
        }
        framed(&out)
    }

    /// The call failed for a reason that the client logs: an application exception, with a text as
    /// field 1 and "internal error" as field 2.
    pub(crate) fn error(&self, text: &str) -> Vec<u8> {
        const INTERNAL_ERROR: u8 = 6;
        let mut out = self.begin(EXCEPTION);
        match self.dialect {
            Dialect::Compact => {
                out.push(0x18);
                put_varint(&mut out, text.len() as u64);
                out.extend_from_slice(text.as_bytes());
                out.extend([0x15, INTERNAL_ERROR << 1, 0]);
            }
            Dialect::Binary => {
                out.extend([11, 0, 1]);
                put_text(&mut out, text.as_bytes());
                out.extend([8, 0, 2, 0, 0, 0, INTERNAL_ERROR, 0]);
            }
        }
        framed(&out)
    }

    fn begin(&self, kind: u8) -> Vec<u8> {
        let mut out = Vec::new();
        match self.dialect {
            Dialect::Compact => {
                out.extend([0x82, kind << 5 | 1]);
                put_varint(&mut out, u64::from(self.sequence));
                put_varint(&mut out, self.name.len() as u64);
                out.extend_from_slice(&self.name);
            }
            Dialect::Binary => {
                out.extend([0x80, 1, 0, kind]);
                put_text(&mut out, &self.name);
                out.extend(self.sequence.to_be_bytes());
            }
        }
        out
    }
}

fn framed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(4 + message.len());
    put_text(&mut out, message);
    out
}

/// Bytes behind their length in 32 bits.
fn put_text(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(bytes);
}

fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(u8::try_from(number & 0x7f).unwrap_or(0) | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap_or(0));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(message: &[u8]) -> (Vec<Vec<u8>>, Reply) {
        match call(message).unwrap() {
            ThriftCall::Take(events, reply) => {
                (events.iter().flatten().map(<[u8]>::to_vec).collect(), reply)
            }
            ThriftCall::Refused(_, text) => panic!("{text}"),
        }
    }

    #[test]
    fn a_compact_batch_as_an_agent_sends_it() {
        // Two events with a header {dc: NYC}, with the bodies "0" and "1".
        let message = b"\x82\x21\x01\x0bappendBatch\x19\x2c\
                        \x1b\x01\x88\x02dc\x03NYC\x18\x010\0\x1b\x01\x88\x02dc\x03NYC\x18\x011\0\0";
        let (events, reply) = taken(message);
        assert_eq!(events, [b"\x02\x04dc\x06NYC\x00\x020", b"\x02\x04dc\x06NYC\x00\x021"]);
        let ok = b"\0\0\0\x13\x82\x41\x01\x0bappendBatch\x05\0\0\0";
        assert_eq!(reply.ok(), ok);
        assert_eq!(reply.failed()[21], 2);
    }

    #[test]
    fn a_binary_event() {
        let message = b"\x80\x01\0\x01\0\0\0\x06append\0\0\0\x07\x0c\0\x01\
                        \x0d\0\x01\x0b\x0b\0\0\0\x01\0\0\0\x01k\0\0\0\x01v\x0b\0\x02\0\0\0\x04body\0\0";
        let (events, reply) = taken(message);
        assert_eq!(events, [b"\x02\x02k\x02v\x00\x08body"]);
        let ok = b"\0\0\0\x1a\x80\x01\0\x02\0\0\0\x06append\0\0\0\x07\x08\0\0\0\0\0\0\0";
        assert_eq!(reply.ok(), ok);
    }

    #[test]
    fn what_is_empty_or_new_is_no_trouble() {
        // An event without anything in it, and one with a field 3.
        let (events, _) =
            taken(b"\x82\x21\x01\x0bappendBatch\x19\x2c\x1b\0\x18\0\0\x1b\0\x18\0\x18\x01x\0\0");
        assert_eq!(events, [[0, 0], [0, 0]]);
        let (events, _) = taken(b"\x82\x21\x01\x0bappendBatch\x19\x0c\0");
        assert!(events.is_empty());
    }

    #[test]
    fn what_cannot_be_done_is_said_in_words() {
        for (message, text) in [
            (&b"\x82\x21\x01\x04ping\0"[..], "no call `ping`"),
            (b"\x82\x21\x01\x06append\x18\x01x\0", "another type"),
            (b"\x82\x21\x01\x0bappendBatch\x19\x28\x01a\x01b\0", "another type"),
            (b"\x82\x21\x01\x0bappendBatch\x19\x2c", "broken"),
            (b"\x82\x21\x01\x0bappendBatch\x19\x1c\x1b\0\0\0", "no headers or no body"),
            (b"\x82\x21\x01\x0bappendBatch\x19\x1c\x1b\0\x18\0\0\0\0", "1 bytes follow"),
        ] {
            let ThriftCall::Refused(reply, said) = call(message).unwrap() else { panic!("{text}") };
            assert!(said.contains(text), "{said}");
            let error = reply.error(&said);
            assert!(String::from_utf8_lossy(&error).contains(text));
        }
        for broken in [&b""[..], b"\x82\x41\x01\x00", b"\x80\x01\0\x02", b"x", b"\x82\x21"] {
            assert!(call(broken).is_err(), "{broken:?}");
        }
    }
}

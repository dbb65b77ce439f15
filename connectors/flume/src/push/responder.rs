//! The server's side of the calls on one connection, without the connection.

use std::sync::Arc;

use arrow::array::BinaryArray;
use arrow::buffer::Buffer;
use thiserror::Error;

use crate::event;
use crate::rpc::{HandshakeRequest, HandshakeResponse, Match, Protocol, is_event_source};
use crate::wire::{Cursor, WireError, put_bytes, put_long};

use super::known::Known;

/// The server's side of the calls on one connection.
#[derive(Debug)]
pub(crate) struct Responder {
    known: Arc<Known>,
    /// Whether both ends know each other: calls carry no handshake any more.
    established: bool,
}

/// What a message asks for.
#[derive(Debug)]
pub(crate) enum Call {
    /// Nothing but this answer.
    Answered(Vec<u8>),
    /// The same, because it cannot be done, for this reason.
    Refused(Vec<u8>, String),
    /// To take events.
    Take(BinaryArray, Reply),
}

/// The begin of an answer that is not decided yet.
#[derive(Debug)]
pub(crate) struct Reply(Vec<u8>);

/// Why a message cannot even be refused: nobody knows where in it the call begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("its message is broken: {0}")]
pub(crate) struct BrokenCall(#[from] WireError);

impl Responder {
    pub(crate) fn new(known: Arc<Known>) -> Self {
        Self { known, established: false }
    }

    /// Looks at a message.
    pub(crate) fn call(&mut self, message: Vec<u8>) -> Result<Call, BrokenCall> {
        let message = Buffer::from_vec(message);
        let mut cursor = Cursor::new(&message);
        let mut reply = Vec::new();
        if !self.established
            && let Some(answered) = self.handshake(&mut cursor, &mut reply)?
        {
            return Ok(answered);
        }
        cursor.pairs(|_, _| {})?;
        let name = cursor.bytes()?;
        if name.is_empty() {
            // A ping: the handshake was all.
            return Ok(Call::Answered(reply));
        }
        // No metadata.
        put_long(&mut reply, 0);
        let reply = Reply(reply);
        let at = cursor.position();
        let read = match name {
            b"append" => event::single(&message, at),
            b"appendBatch" => event::batch(&message, at),
            other => {
                let name = String::from_utf8_lossy(&other[..other.len().min(100)]);
                return Ok(reply.refused(format!("there is no call `{name}`")));
            }
        };
        let whole = read.and_then(|(events, end)| {
            Cursor::at(&message, end).end()?;
            Ok(events)
        });
        Ok(match whole {
            Ok(events) => Call::Take(events, reply),
            Err(error) => reply.refused(format!("the events are broken: {error}")),
        })
    }

    /// Reads the client's handshake and writes ours. If the call that follows is not made, the
    /// answer is complete.
    fn handshake(
        &mut self,
        cursor: &mut Cursor<'_>,
        reply: &mut Vec<u8>,
    ) -> Result<Option<Call>, BrokenCall> {
        const OURS: Protocol = Protocol::AVRO_SOURCE;
        let request = HandshakeRequest::read(cursor)?;
        let refused = match request.client_protocol {
            Some(text) => is_event_source(text).err(),
            None if self.known.contains(&request.client_hash) => None,
            None => {
                HandshakeResponse::put(reply, Match::None, &OURS);
                return Ok(Some(Call::Answered(std::mem::take(reply))));
            }
        };
        let is_ours = request.server_hash == OURS.hash;
        HandshakeResponse::put(reply, if is_ours { Match::Both } else { Match::Client }, &OURS);
        if let Some(why) = refused {
            put_long(reply, 0);
            return Ok(Some(Reply(std::mem::take(reply)).refused(why)));
        }
        if request.client_protocol.is_some() {
            self.known.insert(request.client_hash);
        }
        self.established = true;
        Ok(None)
    }
}

impl Reply {
    /// The events are kept.
    pub(crate) fn ok(self) -> Vec<u8> {
        self.status(0)
    }

    /// The events are not kept, and should be sent again.
    pub(crate) fn failed(self) -> Vec<u8> {
        self.status(1)
    }

    fn status(mut self, symbol: i64) -> Vec<u8> {
        // No error.
        self.0.push(0);
        put_long(&mut self.0, symbol);
        self.0
    }

    fn refused(self, why: String) -> Call {
        Call::Refused(self.error(&why), why)
    }

    /// The call failed for a reason that the client logs.
    pub(crate) fn error(mut self, text: &str) -> Vec<u8> {
        self.0.push(1);
        // The only branch of a call's errors: the text of a system error.
        put_long(&mut self.0, 0);
        put_bytes(&mut self.0, text.as_bytes());
        self.0
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::Array;

    use super::*;

    /// What a client of Flume 1.11 sends: a handshake with this protocol, and a batch of three.
    fn request(protocol: Option<&str>, server_hash: [u8; 16]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let hash = 0x86aa_dae2_c454_74c0_fe93_ffd0_f235_0a65_u128.to_be_bytes();
        HandshakeRequest { client_hash: hash, client_protocol: protocol, server_hash }
            .put(&mut bytes);
        bytes.extend(batch());
        bytes
    }

    fn batch() -> Vec<u8> {
        [
            &b"\x00\x16appendBatch\x06"[..],
            b"\x02\x02k\x04v0\x00\x0abody0",
            b"\x02\x02k\x04v1\x00\x0abody1",
            b"\x02\x02k\x04v2\x00\x0abody2\x00",
        ]
        .concat()
    }

    fn answered(call: Call) -> Vec<u8> {
        match call {
            Call::Answered(bytes) | Call::Refused(bytes, _) => bytes,
            Call::Take(events, _) => panic!("{} events are taken", events.len()),
        }
    }

    fn taken(call: Call) -> (Vec<Vec<u8>>, Reply) {
        match call {
            Call::Take(events, reply) => {
                (events.iter().flatten().map(<[u8]>::to_vec).collect(), reply)
            }
            other => panic!("{other:?}"),
        }
    }

    const OURS: Protocol = Protocol::AVRO_SOURCE;

    #[test]
    fn an_unknown_client_is_asked_for_its_protocol_once() {
        let known = Arc::new(Known::default());
        let mut responder = Responder::new(Arc::clone(&known));
        let none = answered(responder.call(request(None, [7; 16])).unwrap());
        assert_eq!((none.len(), &none[..2]), (531, &[4, 2][..]));
        let call = responder.call(request(Some(OURS.text), OURS.hash)).unwrap();
        let (events, reply) = taken(call);
        assert_eq!(events[2], b"\x02\x02k\x04v2\x00\x0abody2");
        // Both, no metadata, no error, OK.
        assert_eq!(reply.ok(), [0, 0, 0, 0, 0, 0, 0]);
        // From now on without handshakes.
        let (events, reply) = taken(responder.call(batch()).unwrap());
        assert_eq!((events.len(), reply.failed()), (3, vec![0, 0, 2]));
        // Another connection of the same client, which guesses right or wrong.
        let mut responder = Responder::new(Arc::clone(&known));
        let (_, reply) = taken(responder.call(request(None, OURS.hash)).unwrap());
        assert_eq!(reply.ok(), [0, 0, 0, 0, 0, 0, 0]);
        let mut responder = Responder::new(known);
        let (_, reply) = taken(responder.call(request(None, [7; 16])).unwrap());
        let told = reply.ok();
        assert_eq!((told.len(), told[0], &told[531..]), (534, 2, &[0, 0, 0][..]));
    }

    #[test]
    fn what_cannot_be_done_is_said_in_words() {
        let error = |bytes: Vec<u8>| {
            let at = bytes.iter().position(|byte| *byte == 1).unwrap();
            String::from_utf8_lossy(&bytes[at + 3..]).into_owned()
        };
        let mut responder = Responder::new(Arc::default());
        let other = request(Some("{}"), OURS.hash);
        let said = error(answered(responder.call(other).unwrap()));
        assert!(said.contains("append"), "{said}");
        // It is not known for that.
        assert_eq!(answered(responder.call(request(None, OURS.hash)).unwrap())[0], 4);
        taken(responder.call(request(Some(OURS.text), OURS.hash)).unwrap());
        let said = error(answered(responder.call(b"\x00\x06ack\x00".to_vec()).unwrap()));
        assert!(said.contains("no call `ack`"), "{said}");
        for broken in [b"\x00\x0cappend\x02".to_vec(), [batch(), vec![0]].concat()] {
            let said = error(answered(responder.call(broken).unwrap()));
            assert!(said.contains("broken"), "{said}");
        }
        let ping = answered(responder.call(vec![0, 0]).unwrap());
        assert!(ping.is_empty());
        assert!(responder.call(vec![0, 0x20]).is_err());
    }

    #[test]
    fn a_single_event_is_a_batch_of_one() {
        let mut responder = Responder::new(Arc::default());
        taken(responder.call(request(Some(OURS.text), OURS.hash)).unwrap());
        let (events, reply) = taken(responder.call(b"\x00\x0cappend\x00\x02x".to_vec()).unwrap());
        assert_eq!((events, reply.ok()), (vec![b"\x00\x02x".to_vec()], vec![0, 0, 0]));
    }
}

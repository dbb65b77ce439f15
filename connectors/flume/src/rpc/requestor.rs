//! The client's side of the calls on one connection, without the connection.

use thiserror::Error;

use crate::wire::{Cursor, WireError, put_bytes, put_long};

use super::handshake::{HandshakeRequest, HandshakeResponse, Match};
use super::protocol::{Hash, Protocol};

/// The client's side of the calls on one connection.
#[derive(Debug)]
pub(crate) struct Requestor {
    ours: Protocol,
    server_hash: Hash,
    stage: Stage,
}

/// What the server knows of us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It may know our protocol by its hash.
    Guess,
    /// It does not, and has to be sent the text.
    Tell,
    /// Both ends know each other: calls carry no handshake any more.
    Established,
}

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The call was not made: it is to be sent again, and will carry our protocol.
    Again,
    /// The call was made, and its result begins at this offset.
    Result(usize),
    /// The call failed, with this text.
    Error(String),
}

/// Why an answer is none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum BrokenAnswer {
    #[error("its answer is broken: {0}")]
    Wire(#[from] WireError),
    #[error("it does not take our protocol, although it was sent the text")]
    Handshake,
}

impl Requestor {
    pub(crate) fn new(ours: Protocol) -> Self {
        Self { ours, server_hash: ours.hash, stage: Stage::Guess }
    }

    /// The message of a call.
    pub(crate) fn request(&self, name: &str, parameters: &[u8]) -> Vec<u8> {
        let mut message = Vec::new();
        if self.stage != Stage::Established {
            let client_protocol = (self.stage == Stage::Tell).then_some(self.ours.text);
            let (client_hash, server_hash) = (self.ours.hash, self.server_hash);
            HandshakeRequest { client_hash, client_protocol, server_hash }.put(&mut message);
        }
        // No metadata.
        put_long(&mut message, 0);
        put_bytes(&mut message, name.as_bytes());
        message.extend_from_slice(parameters);
        message
    }

    /// Looks at the answer to a call without a name, which does nothing: whether both ends know each
    /// other now, or it is to be sent again.
    pub(crate) fn greeted(&mut self, message: &[u8]) -> Result<bool, BrokenAnswer> {
        self.handshake(&mut Cursor::new(message))
    }

    /// Reads the server's handshake, if one is due.
    fn handshake(&mut self, cursor: &mut Cursor<'_>) -> Result<bool, BrokenAnswer> {
        if self.stage == Stage::Established {
            return Ok(true);
        }
        let HandshakeResponse { matching, server_hash } = HandshakeResponse::read(cursor)?;
        self.server_hash = server_hash.unwrap_or(self.server_hash);
        self.stage = match (matching, self.stage) {
            (Match::None, Stage::Guess) => Stage::Tell,
            (Match::None, _) => return Err(BrokenAnswer::Handshake),
            _ => Stage::Established,
        };
        Ok(self.stage == Stage::Established)
    }

    /// Looks at an answer.
    pub(crate) fn answer(&mut self, message: &[u8]) -> Result<Answer, BrokenAnswer> {
        let mut cursor = Cursor::new(message);
        if !self.handshake(&mut cursor)? {
            return Ok(Answer::Again);
        }
        cursor.pairs(|_, _| {})?;
        match cursor.byte()? {
            0 => Ok(Answer::Result(cursor.position())),
            _ => {
                // The only branch of a call's errors: the text of a system error.
                cursor.branch(1)?;
                Ok(Answer::Error(String::from_utf8_lossy(cursor.bytes()?).into_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::push::{Call, Responder};

    #[test]
    fn it_comes_to_terms_with_a_server() {
        let mut requestor = Requestor::new(Protocol::AVRO_SOURCE);
        let mut responder = Responder::new(std::sync::Arc::default());
        let parameters = b"\x00\x02x";
        let mut serve = |request: Vec<u8>| match responder.call(request).unwrap() {
            Call::Answered(bytes) | Call::Refused(bytes, _) => bytes,
            Call::Take(_, reply) => reply.ok(),
        };
        let first = serve(requestor.request("append", parameters));
        assert_eq!(requestor.answer(&first), Ok(Answer::Again));
        let second = serve(requestor.request("append", parameters));
        assert_eq!(requestor.answer(&second), Ok(Answer::Result(6)));
        let request = requestor.request("append", parameters);
        assert_eq!(request, b"\x00\x0cappend\x00\x02x");
        let third = serve(request);
        assert_eq!(requestor.answer(&third), Ok(Answer::Result(2)));
        let refused = serve(requestor.request("ack", b""));
        let Ok(Answer::Error(text)) = requestor.answer(&refused) else { panic!("{refused:?}") };
        assert!(text.contains("no call `ack`"), "{text}");
    }

    #[test]
    fn a_greeting_is_a_handshake_and_nothing_else() {
        let mut requestor = Requestor::new(Protocol::AVRO_SOURCE);
        let mut responder = Responder::new(std::sync::Arc::default());
        for is_done in [false, true] {
            let Call::Answered(answer) = responder.call(requestor.request("", b"")).unwrap() else {
                panic!("it is taken for a call")
            };
            assert_eq!(requestor.greeted(&answer), Ok(is_done));
        }
        assert!(Requestor::new(Protocol::SPARK_FLUME).greeted(b"HTTP").is_err());
    }

    #[test]
    fn a_server_that_never_agrees_is_given_up() {
        let mut requestor = Requestor::new(Protocol::SPARK_FLUME);
        let none = [4, 0, 0, 0];
        assert_eq!(requestor.answer(&none), Ok(Answer::Again));
        assert_eq!(requestor.answer(&none), Err(BrokenAnswer::Handshake));
        let empty = Requestor::new(Protocol::SPARK_FLUME).answer(&[]);
        assert_eq!(empty, Err(BrokenAnswer::Wire(WireError::Short)));
    }
}

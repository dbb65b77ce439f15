//! How two ends tell each other their protocols, once per connection.

use crate::wire::{Cursor, WireError, put_bytes, put_long};

use super::protocol::{Hash, Protocol};

/// What a client says first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HandshakeRequest<'a> {
    pub(crate) client_hash: Hash,
    /// The text of the client's protocol, if it sends it.
    pub(crate) client_protocol: Option<&'a str>,
    /// What the client takes for the server's.
    pub(crate) server_hash: Hash,
}

impl<'a> HandshakeRequest<'a> {
    pub(crate) fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        let client_hash = cursor.fixed()?;
        let client_protocol = optional(cursor, Cursor::text)?;
        let server_hash = cursor.fixed()?;
        optional(cursor, |cursor| cursor.pairs(|_, _| {}))?;
        Ok(Self { client_hash, client_protocol, server_hash })
    }

    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.client_hash);
        match self.client_protocol {
            None => put_long(out, 0),
            Some(text) => {
                put_long(out, 1);
                put_bytes(out, text.as_bytes());
            }
        }
        out.extend_from_slice(&self.server_hash);
        // No metadata.
        put_long(out, 0);
    }
}

/// Whether two ends know each other's protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    /// Both do.
    Both,
    /// The server knows the client's; the client is told the server's.
    Client,
    /// The server does not know the client's: the call was not made, and is to be sent again with
    /// the client's protocol.
    None,
}

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HandshakeResponse {
    pub(crate) matching: Match,
    /// The hash of the server's protocol, if it says so.
    pub(crate) server_hash: Option<Hash>,
}

impl HandshakeResponse {
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self, WireError> {
        let matching = match cursor.branch(3)? {
            0 => Match::Both,
            1 => Match::Client,
            _ => Match::None,
        };
        optional(cursor, Cursor::bytes)?;
        let server_hash = optional(cursor, Cursor::fixed)?;
        optional(cursor, |cursor| cursor.pairs(|_, _| {}))?;
        Ok(Self { matching, server_hash })
    }

    /// Writes an answer; all but [`Match::Both`] tell the server's protocol.
    pub(crate) fn put(out: &mut Vec<u8>, matching: Match, server: &Protocol) {
        match matching {
            Match::Both => out.extend_from_slice(&[0, 0, 0]),
            Match::Client | Match::None => {
                put_long(out, if matching == Match::Client { 1 } else { 2 });
                put_long(out, 1);
                put_bytes(out, server.text.as_bytes());
                put_long(out, 1);
                out.extend_from_slice(&server.hash);
            }
        }
        // No metadata.
        put_long(out, 0);
    }
}

/// A union of null and something, in this order.
fn optional<'a, T>(
    cursor: &mut Cursor<'a>,
    read: impl FnOnce(&mut Cursor<'a>) -> Result<T, WireError>,
) -> Result<Option<T>, WireError> {
    match cursor.branch(2)? {
        0 => Ok(None),
        _ => read(cursor).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_as_they_were_written() {
        for client_protocol in [None, Some("{}")] {
            let request =
                HandshakeRequest { client_hash: [1; 16], client_protocol, server_hash: [2; 16] };
            let mut bytes = Vec::new();
            request.put(&mut bytes);
            let mut cursor = Cursor::new(&bytes);
            assert_eq!(HandshakeRequest::read(&mut cursor), Ok(request));
            assert_eq!(cursor.end(), Ok(()));
        }
        // Java sends an empty map as metadata.
        let java = [&[1; 16][..], &[0], &[2; 16], &[2, 0]].concat();
        assert!(HandshakeRequest::read(&mut Cursor::new(&java)).is_ok());
    }

    #[test]
    fn answers_are_read_as_they_were_written() {
        for matching in [Match::Both, Match::Client, Match::None] {
            let mut bytes = Vec::new();
            HandshakeResponse::put(&mut bytes, matching, &Protocol::AVRO_SOURCE);
            let mut cursor = Cursor::new(&bytes);
            let read = HandshakeResponse::read(&mut cursor).unwrap();
            let told = (matching != Match::Both).then_some(Protocol::AVRO_SOURCE.hash);
            assert_eq!(read, HandshakeResponse { matching, server_hash: told });
            assert_eq!(cursor.end(), Ok(()));
        }
        // The size of an answer that Flume takes.
        let mut none = Vec::new();
        HandshakeResponse::put(&mut none, Match::None, &Protocol::AVRO_SOURCE);
        assert_eq!((none.len(), &none[..4]), (531, &[4, 2, 0xfa, 7][..]));
    }
}

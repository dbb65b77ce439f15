//! Avro's remote calls as Java's Netty transport speaks them, for either end.
//!
//! - [`requestor`] and [`client`](Client): the calls of one connection, and the connection;
//! - [`frame`](Frames): messages cut out of a stream, and put into one;
//! - [`handshake`](HandshakeRequest): how two ends tell each other their protocols, once per
//!   connection, [as specified](https://avro.apache.org/docs/1.12.0/specification/#handshake);
//! - [`protocol`](Protocol): the texts of our protocols, and whether another's means the same.

mod client;
mod frame;
mod handshake;
mod protocol;
mod requestor;

pub(crate) use client::{CallError, Client, Outcome};
pub(crate) use frame::{Frame, FrameError, Frames, framed};
pub(crate) use handshake::{HandshakeRequest, HandshakeResponse, Match};
pub(crate) use protocol::{Hash, Protocol, is_event_source};
#[cfg(feature = "testing")]
pub(crate) use requestor::{Answer, Requestor};

//! Avro's [binary encoding](https://avro.apache.org/docs/1.12.0/specification/#binary-encoding), as
//! much of it as two fixed protocols need.
//!
//! The types that Flume's protocols have are few and never change: one record of a map and bytes, an
//! array of it, an enum, and the handshake. They are read by hand, with each length held against
//! what is really there, and events stay where they arrived: a library of Avro would make a tree of
//! values of each of them, and has no part for remote calls.

mod cursor;
mod write;

pub(crate) use cursor::{Cursor, WireError};
pub(crate) use write::{put_bytes, put_long};

//! A stream of bytes divided into records.
//!
//! A [`Splitter`] is a state machine: bytes are pushed in as they come, in pieces of any size, and
//! [`Framed`] records are taken out. It never holds more than one unfinished record, and of that
//! no more than the longest that is allowed; an oversize record is cut out and reported, and the
//! stream goes on behind it.

mod framed;
mod frames;
mod kind;
mod lines;
mod splitter;
#[cfg(test)]
mod tests;

pub use framed::{Framed, Refusal};
pub use kind::Framing;
pub use splitter::Splitter;

//! Rows of an [Arrow IPC stream](https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format),
//! each as a record of its own.
//!
//! A record has to stand for itself: it goes through a journal, may become a dead letter, and comes
//! again alone. So rows that come in batches become Avro data, each with the fingerprint of its
//! schema ([single-object encoding](https://avro.apache.org/docs/1.12.0/specification/#single-object-encoding)),
//! and [`read_back`] says how they are decoded later. A record that was written with another schema
//! than the one that is wanted now is refused, and not misread.

mod messages;
mod read_back;
mod rows;
#[cfg(test)]
mod tests;

pub use read_back::read_back;
pub use rows::{ArrowRows, Taken};

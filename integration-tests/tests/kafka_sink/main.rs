//! Guarantees: the sink `kafka` writes every record that fits, to the right partition and in
//! order, says which do not fit and why, and with `exactly_once` writes each once, whatever
//! happens to it or to the broker.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its scene should fail")]

mod conformance;
mod destination;
mod exactly_once;
mod faults;
mod partitions;
mod rejections;
mod security;

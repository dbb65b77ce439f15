//! From Arrow values to the bytes that Cassandra stores.
//!
//! [`column::Column`] is one Arrow column seen as one CQL type. It is made once per batch, and
//! then writes any of its rows into a buffer: the content of the value, without the length that
//! stands before it. What cannot be converted at all is a [`mismatch::Mismatch`], found from the
//! types alone; what cannot be converted in one row is a [`bad::Bad`].
//!
//! The wire forms are those of the native protocol, version 4, section 6:
//! <https://github.com/apache/cassandra/blob/trunk/doc/native_protocol_v4.spec>.
//!
//! [`native`] knows the scalar types, and leaves the details to [`integer`], [`float`],
//! [`exact`], [`instant`], [`span`], [`identifier`], [`text`] and [`bytes`]; [`nested`] knows
//! lists, sets, maps, tuples and user-defined types, [`vector`] vectors. [`vint`] writes numbers
//! of variable length, [`cql`] the names of types.

pub mod bad;
pub mod bytes;
pub mod column;
pub mod cql;
pub mod exact;
pub mod float;
pub mod identifier;
pub mod instant;
pub mod integer;
pub mod mismatch;
pub mod native;
pub mod nested;
pub mod span;
#[cfg(test)]
mod tests;
pub mod text;
pub mod vector;
pub mod vint;

pub use bad::Bad;
pub use column::Column;
pub use mismatch::Mismatch;

//! Kinesis data streams.
//!
//! - `stream`: which one is meant.

mod stream;

pub use stream::StreamId;

//! Calls as agents' `thrift` sinks make them: framed, in Thrift's compact or binary protocol.
//!
//! - [`frame`](Frames): messages cut out of a stream;
//! - [`cursor`]: values of either protocol;
//! - [`call`](mod@call): what a message asks for, and its answer.
//!
//! The service has two calls with one kind of event
//! ([flume.thrift](https://github.com/apache/flume/blob/flume-1.11.0/flume-ng-sdk/src/main/thrift/flume.thrift)),
//! which are read by hand, like Avro's, and for the same reasons.

mod call;
mod cursor;
mod frame;

pub(crate) use call::{Reply, ThriftCall, call};
pub(crate) use cursor::ThriftError;
pub(crate) use frame::Frames;

/// Whether a message that begins with this byte is Thrift's: the first of either protocol.
pub(crate) fn is_begin(byte: u8) -> bool {
    cursor::Dialect::of(byte).is_some()
}

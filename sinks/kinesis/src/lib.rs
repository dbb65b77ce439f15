//! Records in a Kinesis data stream: each at least once, and in order for each partition key.
//!
//! Rows become records in [`shape`]. The records of a batch are divided by their keys among
//! several [`queue`]s, each of which has one request on its way at a time; the [`writer`] sends
//! them. Where the service takes some records of a request and refuses others, those are sent
//! again, together with what followed them under their keys, so that the last record of a key is
//! always its last row.
//!
//! - [`options`]: what a person can set, and what is wrong with it
//! - [`component`]: how the sink introduces itself
//! - [`sink`]: the sink as the engine sees it
//! - [`service`]: the role of what takes records; [`live`] is Kinesis itself
//! - [`status`]: what can be seen from outside
//! - [`probe`]: whether the stream can be written, step by step

mod component;
mod live;
mod options;
mod probe;
mod queue;
mod service;
mod shape;
mod sink;
mod status;
#[cfg(test)]
mod tests;
mod writer;

pub use component::Kinesis;
pub use options::KinesisSinkOptions;

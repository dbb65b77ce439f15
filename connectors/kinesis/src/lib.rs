//! A source that reads the shards of a Kinesis data stream.
//!
//! A shard is a split, and a record's sequence number, with its place within an aggregate, is the
//! position behind it ([`place`]). The [`link`] knows the [`family`] of shards: a shard is read
//! when what stood before it in its parents is committed. For each that is read, a [`poller`]
//! fetches at the service's own [`pace`] onto a [`shelf`], from which the [`source`] takes what
//! the grants allow ([`portion`]), straight into Arrow [`columns`]. Records that a producer packed
//! into one are taken apart on the way ([`aggregate`]). Where the service pushes, a [`subscriber`]
//! takes what comes instead.
//!
//! With a table of DynamoDB, the shards are [shared](sharing) with other gateways: it says which
//! are this one's, and where each stands ([`leases`]).
//!
//! The [`service`] is a small role, so that what no emulator shows can be scripted in tests;
//! [`live`] is Kinesis itself. What is gone is judged from a [`lane`]'s fault ([`loss`]), what is
//! read again by [`replay`].

pub mod aggregate;
mod columns;
mod component;
mod config;
mod family;
mod lane;
mod leases;
mod link;
mod live;
mod loss;
mod pace;
mod place;
mod policy;
mod poller;
mod portion;
mod probe;
mod protobuf;
mod replay;
mod report;
mod seat;
mod service;
mod shared;
mod sharing;
mod shelf;
mod source;
mod subscriber;
#[cfg(test)]
pub(crate) mod tests;

pub use component::Kinesis;
pub use config::{FanOut, KinesisConfig, LeaseTable};
pub use policy::{OnLoss, Start};

//! A source that reads the partitions of Kafka topics.
//!
//! A partition is a split, and its offsets are the positions. Two clients share the work: the
//! [`scout`] asks brokers what there is (topics, ends, times) beside the fetching, so that no
//! question waits behind a fetch; the consumer fetches into one queue per partition, a [`lane`],
//! from which [`filling`] takes what the grants allow, straight into Arrow [`columns`].
//!
//! The [`roster`] knows the partitions that are owned now. With `assign = "all"` the [`link`] fills
//! it from the topics that are [`wanted`]; with `assign = "group"` the [`group`] does, from
//! rebalances. A [`pump`] thread serves the consumer's events for both, and another one tells the
//! group the positions ([`commits`]). What is gone is judged by
//! [`loss`], what is read again by [`replay`]. Nothing here blocks the engine's threads.

mod bell;
mod columns;
mod commits;
mod component;
mod config;
mod context;
mod filling;
mod group;
mod lane;
mod link;
mod loss;
mod partition;
mod policy;
mod probe;
mod pump;
mod replay;
mod report;
mod roster;
mod scout;
mod source;
mod topic_ids;
mod wanted;

pub use component::Kafka;
pub use config::KafkaConfig;
pub use policy::{Assign, End, Isolation, OnLoss, Start};

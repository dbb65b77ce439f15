//! Real servers for tests, from their published jars, without containers.
//!
//! A [`Distribution`] is what a server consists of: jars from Maven Central, at a pinned version
//! and with known checksums, kept in a cache outside the repository. From it come [`Kafka`] and
//! [`Cassandra`], on free ports of the loopback interface and in temporary folders. Each of their
//! servers is a [`Node`], which can be stopped, killed, frozen and started again on the same data.
//! [`Kinesis`] is an emulator, from npm, [`DynamoDb`] Amazon's own engine for tests,
//! and [`KclWorker`] a worker of the Kinesis Client Library. A [`FlumeAgent`] sends events, or has them polled; a
//! [`Registry`] keeps schemas; a [`Proxy`] is a network that is slow, or breaks; a [`Ledger`]
//! makes records, and its [`Audit`](ledger::Audit) says how what arrived differs from them. A
//! [watchdog] ends what is left when the test process is gone, whatever ended it.
//!
//! A [`Feed`] writes such records to Kafka all the time, and a [`Destination`] is where a gateway
//! brings them.
//!
//! All of it blocks, and may be called from inside an async test too.

mod archive;
mod audit;
pub mod cassandra;
mod destination;
mod distribution;
pub mod dynamodb;
mod feed;
pub mod flume;
pub mod kafka;
mod kcl;
pub mod kinesis;
mod launch;
pub mod ledger;
pub mod name;
mod node;
mod package;
mod process;
mod proxy;
mod registry;
mod running;
pub mod runtime;
mod watchdog;

pub use cassandra::Cassandra;
pub use destination::Destination;
pub use distribution::Distribution;
pub use dynamodb::DynamoDb;
pub use feed::Feed;
pub use flume::FlumeAgent;
pub use forebay_clients::testing::Authority;
pub use kafka::Kafka;
pub use kcl::KclWorker;
pub use kinesis::Kinesis;
pub use ledger::{Entry, Ledger};
pub use node::Node;
pub use proxy::{Flow, Proxy};
pub use registry::Registry;

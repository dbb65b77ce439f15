//! Real servers for tests, from their published jars, without containers.
//!
//! A [`Distribution`] is what a server consists of: jars from Maven Central, at a pinned version
//! and with known checksums, kept in a cache outside the repository. From it come [`Kafka`] and
//! [`Cassandra`], on free ports of the loopback interface and in temporary folders. Each of
//! their servers is a [`Node`], which can be stopped, killed, frozen and started again on the
//! same data. A [watchdog] ends what is left when the test process is gone,
//! whatever ended it.
//!
//! All of it blocks, and may be called from inside an async test too.

mod archive;
pub mod cassandra;
mod distribution;
pub mod kafka;
mod launch;
pub mod name;
mod node;
mod process;
mod running;
pub mod runtime;
mod watchdog;

pub use cassandra::Cassandra;
pub use distribution::Distribution;
pub use kafka::Kafka;
pub use node::Node;

//! Apache Cassandra: one server or three.
//!
//! A [`Cassandra`] is started with [`Options`]. What a test does to it is told by what it touches:
//! servers ([`Cassandra::node`]), keyspaces and rows ([`Cassandra::execute`],
//! [`Cassandra::query`]), through a driver that knows nothing of Forebay.

mod cluster;
mod jvm;
mod options;
mod rows;
mod yaml;

pub use cluster::Cassandra;
pub use options::Options;

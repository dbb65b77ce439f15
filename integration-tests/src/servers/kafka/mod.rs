//! Apache Kafka: one server or three, each broker and controller at once (KRaft).
//!
//! A [`Kafka`] is started with [`Options`], on [`storage`] that is formatted without a JVM. What a
//! test does to it is told by what it touches: servers ([`Kafka::node`]), [topics], [records].

mod cluster;
mod options;
mod records;
mod storage;
mod topics;

pub use cluster::Kafka;
pub use options::Options;
pub use records::{Arrived, Isolation, Message};

//! Apache Kafka: one server or three, each broker and controller at once (KRaft).
//!
//! A [`Kafka`] is started with [`Options`], on [`storage`] that is formatted without a JVM. What a
//! test does to it is told by what it touches: servers ([`Kafka::node`]), [topics], [records].

mod cluster;
mod listener;
mod options;
mod ports;
mod properties;
mod records;
mod storage;
mod tools;
mod topics;

pub use cluster::Kafka;
pub use listener::Listener;
pub use options::Options;
pub(super) use options::key_and_certificate;
pub use records::{Arrived, Isolation, Message};

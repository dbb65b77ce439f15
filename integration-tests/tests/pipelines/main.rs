//! Guarantees: what is in Kafka arrives in Cassandra, in files and in Kafka exactly as it was sent,
//! whatever instant or named point the gateway is killed at, and whoever joins and leaves its
//! group.

#![expect(clippy::print_stdout, reason = "a scenario tells its times")]

mod crash;
mod exact;
mod group;

//! Guarantees: what is in Kafka arrives in Cassandra, in files and in Kafka exactly as it was sent,
//! whatever instant or named point the gateway is killed at, whoever joins and leaves its group,
//! while its disk is full, and while it may not write.

#![expect(clippy::print_stdout, reason = "a scenario tells its times")]

mod crash;
mod disk;
mod exact;
mod group;
mod rights;
mod three;

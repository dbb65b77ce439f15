//! Guarantees of the Kafka source, on real brokers: what it reads, how it counts what is lost,
//! how it shares partitions, and how it comes back after a fault.

mod faults;
mod group;
mod loss;
mod reader;
mod reading;

//! Guarantees: what breaks while records keep coming costs time and nothing else, and what is
//! missing at the start is waited for.

#![expect(clippy::print_stdout, reason = "a scenario tells its times")]

mod brokers;
mod later;
mod nodes;
mod one_of_each;
mod recovery;

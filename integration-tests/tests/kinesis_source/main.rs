//! Guarantees: the source reads each record of each shard once and in order, whatever is split and
//! merged meanwhile, comes back after what breaks, keeps what does not decode, and keeps the contract of sources.

mod fan_out;
mod faults;
mod letters;
mod reader;
mod reading;
mod resharding;

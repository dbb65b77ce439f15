//! An emulator of Kinesis, and streams on it.

mod emulator;
mod streams;

pub use emulator::Kinesis;
pub use streams::{Arrived, Put};

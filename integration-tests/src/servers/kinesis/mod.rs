//! An emulator of Kinesis, streams on it, and a service in front of it that throttles and fails.

mod emulator;
mod streams;
mod throttling;

pub use emulator::Kinesis;
pub use streams::{Arrived, Put};
pub use throttling::Throttling;

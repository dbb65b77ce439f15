//! The write-ahead log that turns a receiver into a source.

mod intake;

pub use intake::{Intake, Refused};

//! The receiver with real programs.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test")]

mod arrow;
mod conformance;
mod ending;
mod options;
mod records;
mod running;

//! Conformance suites and doubles.

mod intake;

pub use intake::{Arrival, Caught, chunk, intake, manual_intake};

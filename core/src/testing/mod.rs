//! Conformance suites and doubles.

pub mod source;

//! The sink with real programs.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test")]

mod answers;
mod building;
mod conformance;

//! The sink with a real server on loopback.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test")]

mod answers;
mod conformance;
mod probe;
mod security;
mod server;

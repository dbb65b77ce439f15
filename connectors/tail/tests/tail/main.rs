//! Growing files as the engine sees them.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test")]

mod conformance;
mod following;
mod harness;
mod leaving;
mod many;
mod rotation;

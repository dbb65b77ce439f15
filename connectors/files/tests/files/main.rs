//! Files as the engine sees them.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test")]

mod changes;
mod content;
mod formats;
mod harness;
mod limits;
mod taking;

//! The state machine that the engine drives.
//!
//! `answers` is the role; `handles` keeps files open, `again` reads what was read before a crash.

mod again;
mod answers;
mod handles;

pub use answers::TailSource;

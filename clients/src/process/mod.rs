//! Programs that run as long as the gateway does.
//!
//! A [`Program`] says what to start, and can be probed; a [`Child`] is one that runs and ends with its owner, and
//! [`log_complaints`] takes what it writes to its standard error.

mod child;
mod complaints;
mod probe;
mod program;

pub use child::{Child, Pipes};
pub use complaints::log_complaints;
pub use program::Program;

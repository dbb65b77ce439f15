//! The last rows, to look at over the admin address.
//!
//! - `component`: the options, and how the sink introduces itself
//! - `sink`: takes batches
//! - `table`: the last rows, bounded in number and bytes

mod component;
mod sink;
mod table;

pub use component::{Memory, MemoryOptions};

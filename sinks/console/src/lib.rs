//! Rows on standard output.
//!
//! - `component`: the options, and how the sink introduces itself
//! - `sink`: takes batches, and stops when nobody reads any more
//! - `table`: rows as an aligned table

mod component;
mod sink;
mod table;

pub use component::{Console, ConsoleFormat, ConsoleOptions};

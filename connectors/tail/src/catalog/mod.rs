//! The files that are followed, and what became of them. It does no I/O.
//!
//! - `entry` is one file, and what may be believed of it;
//! - `files` is all of them: what was seen, what was read, what is committed;
//! - `leaving` settles what is gone, and forgets it.

mod entry;
mod files;
mod leaving;
#[cfg(test)]
mod tests;

pub(crate) use entry::Waits;
pub(crate) use files::{Catalog, Sight};

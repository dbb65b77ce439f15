//! The files that are followed, and what became of them. It does no I/O.
//!
//! - `entry` is one file, and what may be believed of it;
//! - `files` is all of them: what was read, and what is committed;
//! - `seeing` takes note of what was seen;
//! - `leaving` settles what is gone, and forgets it.

mod entry;
mod files;
mod leaving;
mod seeing;
#[cfg(test)]
mod tests;

pub(crate) use entry::Waits;
pub(crate) use files::{Catalog, Sight};

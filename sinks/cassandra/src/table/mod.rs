//! The table, and how the fields of a batch become its columns.
//!
//! [`definition`] is what the cluster says of the table; [`lookup`] finds it there. [`mapping`]
//! decides which field fills which column, and reports all that does not fit at once;
//! [`statement`] writes the CQL for it.

pub mod definition;
pub mod lookup;
pub mod mapping;
pub mod nearest;
pub mod statement;
#[cfg(test)]
mod tests;

pub use definition::{Role, Table, TableColumn};
pub use lookup::Absent;
pub use mapping::{Mapping, Misfit};
pub use statement::{Layout, Statement, Verb};

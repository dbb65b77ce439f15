//! How rows of one schema are written.

use crate::rows::bound::Way;
use crate::table::Mapping;

/// How rows of one schema are written.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Which field fills which column.
    pub mapping: Mapping,
    /// How a row is written.
    pub write: Way,
    /// How it is deleted, if rows can delete.
    pub delete: Option<Way>,
}

//! Two types that do not fit.

use arrow::datatypes::DataType;
use scylla_cql_core::frame::response::result::ColumnType;
use thiserror::Error;

use super::cql;

/// An Arrow type that cannot be written as a CQL type.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}{arrow} cannot be written as {cql}, which takes {takes}", place(.path))]
pub struct Mismatch {
    /// Where inside of a nested type, outermost first; empty for the column itself.
    path: Vec<String>,
    arrow: DataType,
    cql: String,
    takes: String,
}

impl Mismatch {
    /// Two types, and the Arrow types that would fit.
    pub fn new(arrow: &DataType, cql: &ColumnType<'_>, takes: impl Into<String>) -> Self {
        Self { path: Vec::new(), arrow: arrow.clone(), cql: cql::name(cql), takes: takes.into() }
    }

    /// The same, seen from the type around it.
    #[must_use]
    pub fn within(mut self, place: impl Into<String>) -> Self {
        self.path.insert(0, place.into());
        self
    }
}

fn place(path: &[String]) -> String {
    if path.is_empty() { String::new() } else { format!("in {}: ", path.join(", in ")) }
}

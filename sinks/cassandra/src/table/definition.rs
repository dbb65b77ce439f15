//! What a table is made of.

use scylla_cql_core::frame::response::result::{ColumnType, NativeType};

use crate::settings::TableName;

/// What a table is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: TableName,
    /// The partition key's columns in their order, then the clustering columns in theirs, then
    /// the others by name.
    pub columns: Vec<TableColumn>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableColumn {
    /// Its name, without quotes.
    pub name: String,
    /// Its type.
    pub typ: ColumnType<'static>,
    /// Its part in the table.
    pub role: Role,
}

/// The part of a column in its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// It decides where the row is kept.
    Partition,
    /// It tells rows of a partition apart.
    Clustering,
    /// One value for the whole partition.
    Static,
    /// Any other.
    Regular,
}

impl Role {
    /// Whether the column is a part of the primary key.
    #[must_use]
    pub fn is_key(self) -> bool {
        matches!(self, Self::Partition | Self::Clustering)
    }
}

impl Table {
    /// Whether the table counts.
    #[must_use]
    pub fn is_counter(&self) -> bool {
        self.columns.iter().any(|column| column.typ == ColumnType::Native(NativeType::Counter))
    }
}

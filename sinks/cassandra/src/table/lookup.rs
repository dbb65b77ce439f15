//! Finding the table in what the driver knows of the cluster.

use scylla::cluster::ClusterState;
use scylla::cluster::metadata::{ColumnKind, Strategy, Table as Metadata};
use thiserror::Error;

use super::nearest;
use super::{Role, Table, TableColumn};
use crate::settings::TableName;

/// Why there is no table to write to.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Absent {
    /// Nothing is known of the cluster's schema.
    #[error("the cluster's schema cannot be read")]
    Schema,
    /// There is no such keyspace.
    #[error("there is no keyspace `{keyspace}`; it is written to as soon as it is there")]
    Keyspace {
        /// Its name.
        keyspace: String,
    },
    /// There is no such table.
    #[error("there is no table `{name}`{question}; it is written to as soon as it is there")]
    Table {
        /// Its name.
        name: TableName,
        /// What may have been meant.
        question: String,
    },
    /// A view cannot be written to.
    #[error("`{name}` is a materialized view of `{base}`: write to that table")]
    View {
        /// Its name.
        name: TableName,
        /// What it is made from.
        base: String,
    },
    /// No node keeps the keyspace's data.
    #[error(
        "keyspace `{keyspace}` has no replicas{place}: alter its replication; it is written to \
         as soon as it has"
    )]
    Replicas {
        /// Its name.
        keyspace: String,
        /// Where.
        place: String,
    },
}

impl Table {
    /// Finds a table.
    ///
    /// # Errors
    /// Says what is missing.
    pub fn find(
        cluster: &ClusterState,
        name: &TableName,
        datacenter: Option<&str>,
    ) -> Result<Self, Absent> {
        let Some(keyspace) = cluster.get_keyspace(&name.keyspace) else {
            return Err(Absent::Keyspace { keyspace: name.keyspace.clone() });
        };
        let no_replicas = |place| Absent::Replicas { keyspace: name.keyspace.clone(), place };
        match &keyspace.strategy {
            Strategy::NetworkTopologyStrategy { datacenter_repfactors } => {
                if let Some(datacenter) = datacenter {
                    if datacenter_repfactors.get(datacenter).is_none_or(|factor| *factor == 0) {
                        return Err(no_replicas(format!(" in the datacenter `{datacenter}`")));
                    }
                } else if datacenter_repfactors.values().all(|factor| *factor == 0) {
                    return Err(no_replicas(String::new()));
                }
            }
            Strategy::SimpleStrategy { replication_factor: 0 } => {
                return Err(no_replicas(String::new()));
            }
            _ => {}
        }
        if let Some(metadata) = keyspace.tables.get(&name.table) {
            return Ok(Self::new(name, metadata));
        }
        if let Some(view) = keyspace.views.get(&name.table) {
            return Err(Absent::View { name: name.clone(), base: view.base_table_name.clone() });
        }
        let question = nearest::question(&name.table, keyspace.tables.keys().map(String::as_str));
        Err(Absent::Table { name: name.clone(), question })
    }

    fn new(name: &TableName, metadata: &Metadata) -> Self {
        let place = |list: &[String], name: &str| list.iter().position(|it| it == name);
        let mut columns: Vec<TableColumn> = metadata
            .columns
            .iter()
            .map(|(name, column)| TableColumn {
                name: name.clone(),
                typ: column.typ.clone(),
                role: match column.kind {
                    ColumnKind::PartitionKey => Role::Partition,
                    ColumnKind::Clustering => Role::Clustering,
                    ColumnKind::Static => Role::Static,
                    _ => Role::Regular,
                },
            })
            .collect();
        columns.sort_by_cached_key(|column| match column.role {
            Role::Partition => (0, place(&metadata.partition_key, &column.name), String::new()),
            Role::Clustering => (1, place(&metadata.clustering_key, &column.name), String::new()),
            Role::Static | Role::Regular => (2, None, column.name.clone()),
        });
        Self { name: name.clone(), columns }
    }
}

//! Consistency levels.

use schemars::JsonSchema;
use scylla::statement::Consistency;
use serde::{Deserialize, Serialize};

/// How many replicas must have a row before it counts as written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsistencyLevel {
    /// One node, be it only one that keeps the row for the replicas.
    Any,
    /// One replica.
    One,
    /// Two replicas.
    Two,
    /// Three replicas.
    Three,
    /// More than half of the replicas.
    Quorum,
    /// All replicas: one node down stops the pipeline.
    All,
    /// More than half of the replicas in the datacenter.
    #[default]
    LocalQuorum,
    /// More than half of the replicas in each datacenter.
    EachQuorum,
    /// One replica in the datacenter.
    LocalOne,
}

impl From<ConsistencyLevel> for Consistency {
    fn from(level: ConsistencyLevel) -> Self {
        match level {
            ConsistencyLevel::Any => Self::Any,
            ConsistencyLevel::One => Self::One,
            ConsistencyLevel::Two => Self::Two,
            ConsistencyLevel::Three => Self::Three,
            ConsistencyLevel::Quorum => Self::Quorum,
            ConsistencyLevel::All => Self::All,
            ConsistencyLevel::LocalQuorum => Self::LocalQuorum,
            ConsistencyLevel::EachQuorum => Self::EachQuorum,
            ConsistencyLevel::LocalOne => Self::LocalOne,
        }
    }
}

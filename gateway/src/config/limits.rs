//! The limits that every source has.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use forebay_core::units::ByteSize;

/// How much a source may yield. What is over a limit waits; nothing is dropped.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Limits {
    /// The most records per second of the whole source; absent = no limit.
    #[schemars(range(min = 0.001))]
    pub max_rate: Option<f64>,
    /// The most records per second of each split, such as a partition; absent = no limit.
    #[schemars(range(min = 0.001))]
    #[serde(alias = "max_rate_per_partition")]
    pub max_rate_per_split: Option<f64>,
    /// The records per second that the controller leaves each split at least; absent = none.
    #[schemars(range(min = 0.0))]
    #[serde(alias = "min_rate_per_partition")]
    pub min_rate_per_split: Option<f64>,
    /// The most bytes per second of the whole source; absent = no limit.
    pub max_bytes_per_second: Option<ByteSize>,
    /// The most bytes per second of each split; absent = no limit.
    #[serde(alias = "max_bytes_per_second_per_partition")]
    pub max_bytes_per_second_per_split: Option<ByteSize>,
}

//! The choices among the options.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who reads which partitions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Assign {
    /// This gateway reads all of them, from the positions in its checkpoint.
    #[default]
    All,
    /// The gateways of a consumer group share them, and each goes on where the last owner
    /// stopped: the positions are the group's offsets.
    Group,
}

/// Where reading begins while no position is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// With the first record that there is.
    #[default]
    Earliest,
    /// With the first record that arises from now on.
    Latest,
    /// With the first record at or after this time, such as `"2026-01-31T08:00:00Z"`; where there
    /// is none, with the next that arises.
    Timestamp(String),
    /// At these offsets, by partition, such as `{ "orders-0" = 17 }`. Partitions that are not
    /// named begin with their first record.
    Offsets(BTreeMap<String, u64>),
}

/// Where reading ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// Where each partition ends when the source connects.
    Latest,
    /// Before the first record at or after this time, such as `"2026-01-31T08:00:00Z"`.
    Timestamp(String),
    /// Before these offsets, by partition, such as `{ "orders-0" = 1000 }`. Partitions that are
    /// not named are read to where they end when the source connects.
    Offsets(BTreeMap<String, u64>),
}

/// What to do when records are gone before they were read, or a topic was made anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnLoss {
    /// Stop, and say what is missing.
    #[default]
    Fail,
    /// Go on with the first record that there is, and report what is missing.
    Earliest,
    /// Go on with the next record that arises, and report what is missing.
    Latest,
}

/// Which records of transactions are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// Those of transactions that are committed. Reading waits before the first that is open.
    #[default]
    ReadCommitted,
    /// All, those of transactions that are open or were aborted included.
    ReadUncommitted,
}

impl Isolation {
    /// The value of librdkafka's property.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ReadCommitted => "read_committed",
            Self::ReadUncommitted => "read_uncommitted",
        }
    }
}

/// A time in the options, in milliseconds since 1970.
pub(crate) fn millis(text: &str) -> Result<i64, String> {
    text.parse::<jiff::Timestamp>().map(|time| time.as_millisecond()).map_err(|error| {
        format!("`{text}` is no time: {error}; write one such as \"2026-01-31T08:00:00Z\"")
    })
}

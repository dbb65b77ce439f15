//! The choices among the options.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where reading begins while no position is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// With the oldest record that there is.
    #[default]
    TrimHorizon,
    /// With the first record that arrives from now on.
    Latest,
    /// With the first record that arrived at this time or later, such as
    /// `"2026-01-31T08:00:00Z"`.
    Timestamp(String),
    /// With these records, by shard, such as `{ "shardId-000000000000" = "4959…" }`. The shards
    /// that those came from are passed over; others begin with their oldest record.
    SequenceNumbers(BTreeMap<String, String>),
}

/// What to do when records are gone before they were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnLoss {
    /// Stop, and say what is missing.
    #[default]
    Fail,
    /// Go on with the oldest record that there is, and report it.
    Earliest,
    /// Go on with the next record that arrives, and report it.
    Latest,
}

/// A time in the options, in milliseconds since 1970.
pub(crate) fn millis(text: &str) -> Result<i64, String> {
    text.parse::<jiff::Timestamp>().map(|time| time.as_millisecond()).map_err(|error| {
        format!("`{text}` is no time: {error}; write one such as \"2026-01-31T08:00:00Z\"")
    })
}

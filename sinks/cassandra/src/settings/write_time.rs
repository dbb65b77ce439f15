//! When a row counts as written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When a row counts as written: what Cassandra compares, in microseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum WriteTime {
    /// From the batch (default): when it was planned, plus one microsecond for each row before
    /// it. It is recorded with the plan, so it is the same when the batch comes again after a
    /// crash, and it rises with the order of the records.
    #[default]
    Batch,
    /// From a field: `{ from = "field", field = "ts" }`. Right where one key comes from several
    /// splits or gateways, or where records are read again from the beginning: the record that
    /// is later by its own time wins. Of two with the same time and key, none is later, and
    /// they may mix.
    Field {
        /// A timestamp, or a whole number of `unit`. Null is a dead letter. The field is written
        /// too, if the table has a column for it.
        field: String,
        /// What a whole number counts.
        #[serde(default)]
        unit: TimeUnit,
        /// A field of whole numbers that rise with the records, such as Kafka's `offset`: its
        /// last three digits become the microseconds, so that records of the same millisecond
        /// keep their order, nearly always.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        position: Option<String>,
    },
    /// The same for all rows: `{ from = "fixed", micros = 1700000000000000 }`, for loads that
    /// must not overwrite what is newer.
    Fixed {
        /// Microseconds since 1970.
        micros: i64,
    },
    /// When the server has it. A replay or a retry may then overwrite what is newer.
    Server,
}

/// What a whole number counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    #[default]
    Millis,
    /// Microseconds since 1970.
    Micros,
}

impl TimeUnit {
    /// How many make a second.
    #[must_use]
    pub fn per_second(self) -> i64 {
        match self {
            Self::Seconds => 1,
            Self::Millis => 1_000,
            Self::Micros => 1_000_000,
        }
    }
}

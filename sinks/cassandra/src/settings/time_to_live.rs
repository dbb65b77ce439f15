//! How long rows live.

use forebay_core::units::TimeSpan;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The longest time to live, in seconds: 20 years.
pub const MAX_TTL_SECONDS: i32 = 630_720_000;

/// How long rows live. Time to live counts from the write: a replay prolongs it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum TimeToLive {
    /// The same for all rows: `{ from = "fixed", ttl = "7d" }`.
    Fixed {
        /// Full seconds, up to 20 years.
        ttl: TimeSpan,
    },
    /// From a field of whole seconds: `{ from = "field", field = "ttl" }`. Null means the
    /// table's own, 0 none. The field is not written.
    Field {
        /// The field.
        field: String,
    },
}

//! Which rows delete.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which rows delete the row of their key, with the write time that they would be written with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "when", rename_all = "snake_case")]
pub enum Delete {
    /// Where a field has one of these values: `{ when = "field", field = "op", values = ["d"] }`.
    /// The field is not written.
    Field {
        /// A field of text, booleans or whole numbers.
        field: String,
        /// The values, as text: `["d", "delete"]`, `["true"]`, `["1"]`.
        values: Vec<String>,
    },
    /// Where all fields but the key's are null, as in a tombstone of Kafka: `{ when = "nulls" }`.
    Nulls {},
}

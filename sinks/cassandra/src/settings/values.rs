//! Choices about values.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a null does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Nulls {
    /// Leaves what is stored.
    #[default]
    Unset,
    /// Deletes what is stored.
    Null,
}

/// How text becomes a `blob`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BlobText {
    /// As base64.
    #[default]
    Base64,
    /// As hexadecimal digits, with or without `0x`.
    Hex,
    /// Its bytes as they are.
    Raw,
}

/// What to do with a field that has no column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Extra {
    /// The pipeline stops, and says which.
    #[default]
    Refuse,
    /// It is left out.
    Ignore,
}

/// What to do with a table of counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Counters {
    /// The pipeline stops, and says why.
    #[default]
    Refuse,
    /// Values are added, some perhaps more than once.
    AtLeastOnce,
}

//! The options of JSON.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How JSON is read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct JsonOptions {
    /// What becomes of fields that the schema does not have. Default `ignore`.
    pub unknown: UnknownFields,
}

/// What becomes of fields that the schema does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UnknownFields {
    /// They are left out.
    #[default]
    Ignore,
    /// The record is refused.
    Refuse,
}

//! How a stream is divided.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a stream of bytes is divided into records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Framing {
    /// A record ends with `\n` or `\r\n`, which is no part of it.
    #[default]
    Newline,
    /// Before each record stands its length in bytes, as four bytes, the highest first.
    Length,
}

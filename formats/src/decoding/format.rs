//! The formats by name.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the bytes of a record are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Left as they are, with all columns of the source.
    Bytes,
    /// UTF-8 text, in the column `value`.
    #[default]
    Text,
    /// One JSON object per record.
    Json,
    /// One CSV record per record.
    Csv,
    /// One Avro datum per record, or Avro object container files.
    Avro,
    /// Parquet files.
    Parquet,
}

impl Format {
    /// The name, as it stands in a configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Text => "text",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Avro => "avro",
            Self::Parquet => "parquet",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

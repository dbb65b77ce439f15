//! The formats that rows can be written in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Compression;

/// The formats that rows can be written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One JSON object per line. Nulls are left out, times are RFC 3339 (with `Z` where the
    /// column has a time zone), bytes are hexadecimal digits, not-a-number and infinity are null.
    #[default]
    Json,
    /// One value per line, as it is: of the column `text_column`. A null is an empty line.
    Text,
    /// One row per line, cells quoted where need be (RFC 4180). No nested columns.
    Csv,
    /// Apache Parquet.
    Parquet,
    /// Apache Avro object container files.
    Avro,
}

impl Format {
    /// The word for it in a configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Text => "text",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Avro => "avro",
        }
    }

    /// How its files end, without the dot and without compression.
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Json => "jsonl",
            Self::Text => "txt",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Avro => "avro",
        }
    }

    /// The compressions that it can have.
    pub(super) fn compressions(self) -> &'static [Compression] {
        match self {
            Self::Json | Self::Text | Self::Csv => {
                &[Compression::None, Compression::Gzip, Compression::Zstd]
            }
            Self::Parquet | Self::Avro => {
                &[Compression::None, Compression::Snappy, Compression::Zstd]
            }
        }
    }

    /// The compression that it has if none is named.
    pub(super) fn usual_compression(self) -> Compression {
        match self {
            Self::Json | Self::Text | Self::Csv => Compression::None,
            Self::Parquet | Self::Avro => Compression::Snappy,
        }
    }
}

//! How files are compressed.

use std::ffi::OsStr;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How files are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// As the name says: `.gz` is gzip, `.zst` and `.zstd` are Zstandard, all else is plain.
    #[default]
    Auto,
    /// Not at all, whatever the name says.
    None,
    /// All with gzip.
    Gzip,
    /// All with Zstandard.
    Zstd,
}

impl Compression {
    /// How a file of this name is compressed: never [`Auto`](Self::Auto).
    #[must_use]
    pub fn of(self, path: &Path) -> Self {
        match (self, path.extension().and_then(OsStr::to_str)) {
            (Self::Auto, Some("gz")) => Self::Gzip,
            (Self::Auto, Some("zst" | "zstd")) => Self::Zstd,
            (Self::Auto, _) => Self::None,
            (configured, _) => configured,
        }
    }
}

//! What can be wrong with a file.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a file cannot be read. Trying again is of use only after [`ContainerError::Io`].
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ContainerError {
    /// The file cannot be opened or read.
    #[error("cannot read {path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The file is not of the format, or damaged.
    #[error("{path} is damaged or no {format} file, {place}: {what}")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What it was taken for.
        format: &'static str,
        /// Where: a record, a byte, the header.
        place: String,
        /// What is wrong there.
        what: String,
    },
    /// The columns of the file do not become those of the configured schema.
    #[error("{path} does not fit the schema: {}", .mismatches.join("; "))]
    Schema {
        /// The file.
        path: PathBuf,
        /// All that does not fit.
        mismatches: Vec<String>,
    },
    /// The format is none of files that hold records of their own.
    #[error("format `{0}` is not read from files as a whole, but record by record")]
    NotAContainer(crate::Format),
}

impl ContainerError {
    pub(crate) fn io(path: &Path, error: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), error }
    }

    pub(crate) fn corrupt(
        path: &Path,
        format: &'static str,
        place: impl Into<String>,
        what: impl ToString,
    ) -> Self {
        let (place, what) = (place.into(), what.to_string());
        Self::Corrupt { path: path.to_owned(), format, place, what }
    }
}

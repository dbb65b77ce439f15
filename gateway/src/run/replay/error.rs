//! Why dead letters cannot be replayed.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::run::{AssemblyError, PlaceError};

/// Why dead letters cannot be replayed, or shown.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// A file or folder cannot be read or written.
    #[error("`{}`: {reason}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: io::Error,
    },
    /// A line is no dead letter.
    #[error("`{}`, line {line}: {reason}", .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Why.
        reason: String,
    },
    /// Another replay of the same pipeline is under way.
    #[error("another replay has `{}`; wait until it has ended", .0.display())]
    Held(PathBuf),
    /// An earlier replay was not finished, and its letters are of a source that cannot be
    /// replayed any more.
    #[error("`{}` holds letters of an earlier replay, of a source that this pipeline does not have any more or whose records have no bytes; put the source back, or move the folder away", .0.display())]
    Orphans(PathBuf),
    /// The place of the replay cannot be used.
    #[error("{0}")]
    Place(#[from] PlaceError),
    /// The pipeline cannot be put together.
    #[error("{0}")]
    Assembly(#[from] AssemblyError),
}

impl ReplayError {
    /// An error of a file or folder.
    pub(super) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |reason| Self::File { path, reason }
    }
}

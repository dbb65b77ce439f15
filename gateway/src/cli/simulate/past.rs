//! Batches that were recorded.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use forebay_core::progress::Progress;
use thiserror::Error;

/// The longest line that is read, in bytes.
const LONGEST: u64 = 16 << 20;

/// Why batches cannot be read.
#[derive(Debug, Error)]
pub(super) enum PastError {
    /// The file cannot be read.
    #[error("cannot read `{}`: {reason}", .path.display())]
    File { path: PathBuf, reason: io::Error },
    /// A line is no record of progress.
    #[error("`{}`, line {line}: {reason}", .path.display())]
    Line { path: PathBuf, line: usize, reason: String },
    /// There are batches of several pipelines.
    #[error("`{}` has batches of several pipelines: {}", .path.display(), .names.join(", "))]
    Several { path: PathBuf, names: Vec<String> },
    /// There are no batches.
    #[error("`{}` has no batches{}", .path.display(), .of)]
    None { path: PathBuf, of: String },
}

impl PastError {
    /// What to do about it.
    pub(super) fn help(&self) -> &'static str {
        match self {
            Self::File { .. } => "name a file that `forebay run --progress jsonl` wrote",
            Self::Line { .. } => {
                "take the line out: each line has to be as `forebay run --progress jsonl` writes it"
            }
            Self::Several { .. } => "name one with --pipeline",
            Self::None { .. } => "record some with `forebay run --progress jsonl`",
        }
    }
}

/// The batches of a file; those of one pipeline if it is named. `-` is standard input.
pub(super) fn read(path: &Path, pipeline: Option<&str>) -> Result<Vec<Progress>, PastError> {
    let file = |reason| PastError::File { path: path.to_owned(), reason };
    let mut reader: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(path).map_err(file)?))
    };
    let mut batches: Vec<Progress> = Vec::new();
    let mut names: BTreeSet<Arc<str>> = BTreeSet::new();
    for line in 1.. {
        let mut text = Vec::new();
        let mut bounded = io::Read::take(&mut reader, LONGEST);
        if bounded.read_until(b'\n', &mut text).map_err(file)? == 0 {
            break;
        }
        if text.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let progress: Progress = serde_json::from_slice(&text).map_err(|error| {
            PastError::Line { path: path.to_owned(), line, reason: error.to_string() }
        })?;
        if pipeline.is_none_or(|name| name == &*progress.pipeline) {
            names.insert(progress.pipeline.clone());
            batches.push(progress);
        }
    }
    if names.len() > 1 {
        let names = names.iter().map(ToString::to_string).collect();
        return Err(PastError::Several { path: path.to_owned(), names });
    }
    if batches.is_empty() {
        let of = pipeline.map(|name| format!(" of the pipeline `{name}`")).unwrap_or_default();
        return Err(PastError::None { path: path.to_owned(), of });
    }
    Ok(batches)
}

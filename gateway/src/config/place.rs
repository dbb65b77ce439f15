//! Where something stands in the files.

use std::path::{Path, PathBuf};

/// A stretch of one file, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The index of the file among those that were loaded.
    pub file: usize,
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// A file that was loaded.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Its path as it was given.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

impl SourceFile {
    /// The folder in which it lies: relative paths in it begin there.
    #[must_use]
    pub fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }

    /// Line and column of a byte, both from 1; columns count characters.
    #[must_use]
    pub fn line_column(&self, byte: usize) -> (usize, usize) {
        let before = self.text.get(..byte).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        (line, column)
    }

    /// A place as `path:line:column`.
    #[must_use]
    pub fn locate(&self, place: Place) -> String {
        let (line, column) = self.line_column(place.start);
        format!("{}:{line}:{column}", self.path.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let file = SourceFile { path: "a.toml".into(), text: "ab\n\u{e9}=1\n".to_owned() };
        let table = [(0, (1, 1)), (1, (1, 2)), (3, (2, 1)), (5, (2, 2)), (8, (3, 1)), (99, (3, 1))];
        for (byte, expected) in table {
            assert_eq!(file.line_column(byte), expected, "{byte}");
        }
    }
}

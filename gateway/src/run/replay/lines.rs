//! The letters of one file, one after the other.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::error::ReplayError;
use super::letter::Letter;

/// The longest line: the largest record that a source takes, 1 GiB, in hexadecimal digits, and as
/// much again of what is said of it.
const LONGEST: u64 = 4 << 30;

/// Reads the letters of one file.
#[derive(Debug)]
pub struct LetterLines {
    path: PathBuf,
    reader: BufReader<File>,
    line: usize,
    offset: u64,
}

/// A letter and its place.
#[derive(Clone, Debug)]
pub struct LetterLine {
    /// The letter.
    pub letter: Letter,
    /// Its line, from 1; counted from where reading began.
    pub line: usize,
    /// Where the line ends, in bytes.
    pub end: u64,
    /// The line as it stands in the file, with its line feed.
    pub text: Vec<u8>,
}

impl LetterLines {
    /// Opens a file to be read from a byte on.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn open(path: &Path, offset: u64) -> Result<Self, ReplayError> {
        let mut file = File::open(path).map_err(ReplayError::file(path))?;
        file.seek(SeekFrom::Start(offset)).map_err(ReplayError::file(path))?;
        Ok(Self { path: path.to_owned(), reader: BufReader::new(file), line: 0, offset })
    }

    /// The next letter; `None` at the end. Empty lines are passed over. After a line that is no
    /// letter, reading can go on.
    ///
    /// # Errors
    /// If the file cannot be read, or a line is no letter.
    pub fn next_letter(&mut self) -> Result<Option<LetterLine>, ReplayError> {
        loop {
            let mut text = Vec::new();
            let read = (&mut self.reader).take(LONGEST).read_until(b'\n', &mut text);
            let read = read.map_err(ReplayError::file(&self.path))?;
            if read == 0 {
                return Ok(None);
            }
            self.line += 1;
            self.offset += read as u64;
            if text.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let letter = serde_json::from_slice(&text).map_err(|error| ReplayError::Line {
                path: self.path.clone(),
                line: self.line,
                reason: format!("no dead letter: {error}"),
            })?;
            if !text.ends_with(b"\n") {
                text.push(b'\n');
            }
            return Ok(Some(LetterLine { letter, line: self.line, end: self.offset, text }));
        }
    }
}

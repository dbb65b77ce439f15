//! Reading one file.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use forebay_formats::text_files::{Compression, Gathered, Input};
use regex::bytes::Regex;

use crate::cutter::{Cutter, Limits};
use crate::divider::{Divider, Ending};
use crate::identity::FileKey;
use crate::mark::{Mark, WINDOW};

/// How files are read; the same for all.
#[derive(Clone, Debug)]
pub(crate) struct Manner {
    pub(crate) max_line: usize,
    /// What fits the first line of a record of several.
    pub(crate) start: Option<Regex>,
    /// Empty records are none.
    pub(crate) skip_blank: bool,
}

/// A file to read.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) path: PathBuf,
    pub(crate) key: FileKey,
    pub(crate) compression: Compression,
    pub(crate) from: Mark,
    /// An offset that is not to be read past.
    pub(crate) until: Option<u64>,
    pub(crate) ending: Ending,
}

/// A file that is open, so that it need not be found again.
pub(crate) enum Open {
    Plain(Arc<File>),
    /// A compressed one, expanded as far as it was taken.
    Expanded(Box<Cutter>),
}

/// What was read.
pub(crate) struct Portion {
    pub(crate) gathered: Gathered,
    pub(crate) until: Mark,
    /// The size of a file that grows.
    pub(crate) size: u64,
    /// All that there is was looked at.
    pub(crate) is_all: bool,
    /// A compressed file ends here.
    pub(crate) ended: bool,
    pub(crate) open: Option<Open>,
}

/// Why a file cannot be read.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It is not under its path any more.
    Moved,
    /// It is shorter than what was read of it, or begins with other bytes.
    Anew,
    /// Anything else: no permission, a damaged file, a broken disk.
    Unreadable(String),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound => Self::Moved,
            _ => Self::Unreadable(error.to_string()),
        }
    }
}

impl Manner {
    fn divider(&self) -> Divider {
        Divider::new(self.max_line, self.start.clone())
    }

    /// Reads a file from a mark on, within limits.
    pub(crate) fn read(
        &self,
        wanted: &Wanted,
        open: Option<Open>,
        limits: &Limits,
    ) -> Result<Portion, Failure> {
        match wanted.compression {
            Compression::None | Compression::Auto => self.read_plain(wanted, open, limits),
            compression => self.read_expanded(wanted, compression, open, limits),
        }
    }

    fn read_plain(
        &self,
        wanted: &Wanted,
        open: Option<Open>,
        limits: &Limits,
    ) -> Result<Portion, Failure> {
        let file = match open {
            Some(Open::Plain(file)) => file,
            _ => Arc::new(open_file(&wanted.path, wanted.key)?),
        };
        let from = wanted.from;
        let size = file.metadata()?.len();
        if size < from.offset {
            return Err(Failure::Anew);
        }
        let end = wanted.until.map_or(size, |until| until.min(size));
        let before = match from.print {
            Some(_) => from,
            None => mark(&file, size.min(WINDOW))?,
        };
        let bytes = Part { file: Arc::clone(&file), at: from.offset, end };
        let input = Input { bytes: Box::new(bytes), skip: 0, end: Some(end) };
        let mut cutter = Cutter::new(input, self.divider(), from.offset, self.skip_blank);
        let (gathered, is_all) = cutter.take(limits, wanted.ending)?;
        let until = mark(&file, cutter.position())?;
        // Afterwards: what was read is then known to stand behind what was read before, and not to
        // be partly of a file that was truncated meanwhile.
        if !before.fits(&file)? {
            return Err(Failure::Anew);
        }
        let open = Some(Open::Plain(file));
        Ok(Portion { gathered, until, size, is_all, ended: false, open })
    }

    fn read_expanded(
        &self,
        wanted: &Wanted,
        compression: Compression,
        open: Option<Open>,
        limits: &Limits,
    ) -> Result<Portion, Failure> {
        let from = wanted.from.offset;
        let mut cutter = match open {
            Some(Open::Expanded(cutter)) if cutter.position() == from => cutter,
            _ => {
                let file = open_file(&wanted.path, wanted.key)?;
                let mut input = Input::new(file, compression, from, 0)?;
                if let Some(until) = wanted.until {
                    let left = until.saturating_sub(from) + input.skip;
                    input.bytes = Box::new(input.bytes.take(left));
                }
                Box::new(Cutter::new(input, self.divider(), from, self.skip_blank))
            }
        };
        let (gathered, ended) = cutter.take(limits, Ending::Final)?;
        let until = Mark::bare(cutter.position());
        let open = (!ended && wanted.until.is_none()).then_some(Open::Expanded(cutter));
        Ok(Portion { gathered, until, size: until.offset, is_all: ended, ended, open })
    }
}

/// The mark of an offset in a file that had as many bytes when it was last looked at.
fn mark(file: &File, offset: u64) -> Result<Mark, Failure> {
    Mark::read(file, offset).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => Failure::Anew,
        _ => error.into(),
    })
}

/// Opens the file that has a key, if it is under this path.
pub(crate) fn open_file(path: &Path, key: FileKey) -> Result<File, Failure> {
    let file = File::open(path)?;
    match FileKey::of(&file.metadata()?) == key {
        true => Ok(file),
        false => Err(Failure::Moved),
    }
}

/// A part of a file, read without moving its cursor.
pub(crate) struct Part {
    pub(crate) file: Arc<File>,
    pub(crate) at: u64,
    pub(crate) end: u64,
}

impl Read for Part {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let most = left.min(buffer.len());
        let read = self.file.read_at(&mut buffer[..most], self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

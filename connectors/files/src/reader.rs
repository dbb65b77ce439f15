//! An open file.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use forebay_core::Range;
use forebay_core::batch::Slice;
use forebay_formats::container::{ContainerError, open_container};
use forebay_formats::text_files::{Compression, Input, OFFSET, Place, VALUE};
use forebay_formats::{Decoding, Format};

use crate::identity::Stamp;
use crate::lines::{Limits, Lines};
use crate::table::Table;

/// How files are read; the same for all.
#[derive(Clone, Debug)]
pub(crate) struct Manner {
    pub(crate) decoding: Decoding,
    pub(crate) compression: Compression,
    pub(crate) max_line: usize,
    pub(crate) is_table: bool,
}

impl Manner {
    /// Whether a file's end is known without reading it.
    pub(crate) fn is_plain(&self, path: &Path) -> bool {
        !self.is_table && self.compression.of(path) == Compression::None
    }
}

/// An open file, and what it was when it was opened.
pub(crate) struct Reader {
    path: PathBuf,
    stamp: Stamp,
    place: Place,
    kind: Kind,
    /// The indices of the columns with a record's bytes and position.
    raw: Option<usize>,
    position: Option<usize>,
}

enum Kind {
    Lines(Box<Lines>),
    Table(Table),
}

/// Records, and their bytes if these are not what the position counts.
type Sized = (RecordBatch, Option<u64>);

/// Why a file cannot be read on.
#[derive(Debug)]
pub(crate) enum Failure {
    /// There is no file under the path any more.
    Gone,
    /// It was written to, or replaced, since the folder was looked at.
    Changed,
    /// Anything else: no permission, a damaged file, a broken disk.
    Unreadable(String),
}

/// What was read in one go.
pub(crate) struct Read {
    /// Nothing, or one slice.
    pub(crate) slice: Option<Slice>,
    /// Whether the file ends behind it.
    pub(crate) ended: bool,
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound => Self::Gone,
            _ => Self::Unreadable(error.to_string()),
        }
    }
}

impl From<ContainerError> for Failure {
    fn from(error: ContainerError) -> Self {
        match error {
            ContainerError::Io { error, .. } => error.into(),
            other => Self::Unreadable(other.to_string()),
        }
    }
}

impl Reader {
    /// Opens a file at a position; it has to be as it was when the folder was looked at.
    pub(crate) fn open(
        manner: &Manner,
        path: PathBuf,
        stamp: Stamp,
        from: u64,
    ) -> Result<Self, Failure> {
        let file = File::open(&path)?;
        if Stamp::of(&file.metadata()?) != stamp {
            return Err(Failure::Changed);
        }
        let max_line = manner.max_line;
        let is_csv = manner.decoding.format == Format::Csv;
        let kind = if manner.is_table {
            let container = open_container(manner.decoding.format, &path, &manner.decoding)?;
            Kind::Table(Table::new(container, is_csv, from, max_line, manner.decoding.keep.clone()))
        } else {
            let compression = manner.compression.of(&path);
            let input = Input::new(file, compression, from, stamp.size)?;
            let skip_blank = manner.decoding.format == Format::Json;
            Kind::Lines(Box::new(Lines::new(input, from, max_line, skip_blank)))
        };
        let place = Place { path: path.to_string_lossy().into(), modified: Some(stamp.modified) };
        let has_bytes = !manner.is_table || is_csv;
        Ok(Self {
            path,
            stamp,
            place,
            kind,
            raw: has_bytes.then_some(VALUE),
            // Typed columns begin with the position of the record.
            position: Some(if has_bytes { OFFSET } else { 0 }),
        })
    }

    /// Everything before this was read.
    pub(crate) fn position(&self) -> u64 {
        match &self.kind {
            Kind::Lines(lines) => lines.position(),
            Kind::Table(table) => table.position(),
        }
    }

    /// How many records the file has, if it says so itself.
    pub(crate) fn total(&self) -> Option<u64> {
        match &self.kind {
            Kind::Lines(_) => None,
            Kind::Table(table) => table.total(),
        }
    }

    /// Whether it was opened when the file was as it is said to be now.
    pub(crate) fn is_of(&self, stamp: Stamp) -> bool {
        self.stamp == stamp
    }

    /// Reads on. `range` tells source, split and generation; its other fields are filled in.
    pub(crate) fn read(&mut self, limits: &Limits, range: &Range) -> Result<Read, Failure> {
        if Stamp::of(&std::fs::metadata(&self.path)?) != self.stamp {
            return Err(Failure::Changed);
        }
        let from = self.position();
        let (records, ended) = self.take(limits)?;
        let until = self.position();
        let slice = records.map(|(records, bytes)| Slice {
            range: Range {
                source: Arc::clone(&range.source),
                split: range.split.clone(),
                generation: range.generation,
                from: from.into(),
                until: until.into(),
                records: records.num_rows() as u64,
                bytes: bytes.unwrap_or(until - from),
                last: ended,
            },
            records,
            raw: self.raw,
            position: self.position,
        });
        Ok(Read { slice, ended })
    }

    /// Records, and whether the file ends behind them.
    fn take(&mut self, limits: &Limits) -> Result<(Option<Sized>, bool), Failure> {
        match &mut self.kind {
            Kind::Lines(lines) => {
                let (gathered, ended) = lines.take(limits)?;
                if gathered.rows() == 0 {
                    return Ok((None, ended));
                }
                let records = gathered.finish(&self.place, None);
                let records = records.map_err(|error| Failure::Unreadable(error.to_string()))?;
                Ok((Some((records, None)), ended))
            }
            Kind::Table(table) => {
                let (taken, ended) = table.take(limits, &self.place)?;
                Ok((taken.map(|taken| (taken.records, Some(taken.bytes))), ended))
            }
        }
    }
}

//! Chooses the letters to replay, and takes them out of their files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::ReplayError;
use super::files::{LetterFiles, sync};
use super::letter::Letter;
use super::lines::LetterLines;

/// Which letters.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// The pipeline.
    pub pipeline: Arc<str>,
    /// The sources whose letters can be replayed.
    pub sources: BTreeSet<Arc<str>>,
    /// Only those of this class.
    pub class: Option<String>,
    /// At most so many.
    pub limit: Option<u64>,
}

/// What was chosen, and what was left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Chosen letters, by class.
    pub chosen: BTreeMap<String, u64>,
    /// Letters that were left, by why.
    pub left: BTreeMap<Left, u64>,
    /// Chosen letters that have kept nothing but the bytes of their record, as earlier versions
    /// wrote them.
    pub bare: u64,
}

/// Why a letter was left where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    /// It is of another pipeline.
    Pipeline,
    /// It is of another class, or above the limit.
    Unwanted,
    /// Its source is not there, or its records have no bytes; or a transform made the row.
    Source,
    /// Only its first bytes were kept.
    Cut,
}

impl Left {
    /// Why, in words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pipeline => "they are of another pipeline",
            Self::Unwanted => "they are of another class, or above the limit",
            Self::Source => {
                "the pipeline does not have their source, or its rows have no bytes of their own"
            }
            Self::Cut => {
                "of class `oversize` only the first bytes are kept; `--class oversize` replays them as they are"
            }
        }
    }
}

/// The class of records of which only the first bytes are kept.
const OVERSIZE: &str = "oversize";

impl Selection {
    /// How many letters were chosen.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.chosen.values().sum()
    }
}

impl Choice {
    /// Why a letter is left; `None` if it is chosen.
    fn refuses(&self, letter: &Letter, chosen: u64) -> Option<Left> {
        let known = letter.source.as_deref().is_some_and(|source| self.sources.contains(source));
        if letter.pipeline != *self.pipeline {
            Some(Left::Pipeline)
        } else if self.class.as_ref().is_some_and(|class| *class != letter.class)
            || self.limit.is_some_and(|limit| chosen >= limit)
        {
            Some(Left::Unwanted)
        } else if !known {
            Some(Left::Source)
        } else if letter.class == OVERSIZE && self.class.is_none() {
            Some(Left::Cut)
        } else {
            None
        }
    }

    /// Counts what would be chosen, and changes nothing.
    pub(super) fn look(&self, files: &LetterFiles) -> Result<Selection, ReplayError> {
        let mut selection = Selection::default();
        for path in files.waiting()? {
            let mut lines = LetterLines::open(&path, 0)?;
            while let Some(line) = lines.next_letter()? {
                selection.add(self, &line.letter);
            }
        }
        Ok(selection)
    }

    /// Moves what is chosen to the folder of a run.
    pub(super) fn take(&self, files: &LetterFiles, run: &str) -> Result<Selection, ReplayError> {
        // A line that is broken is found before anything is touched.
        self.look(files)?;
        let mut selection = Selection::default();
        for path in files.waiting()? {
            self.take_file(&path, files, run, &mut selection)?;
        }
        Ok(selection)
    }

    fn take_file(
        &self,
        path: &Path,
        files: &LetterFiles,
        run: &str,
        selection: &mut Selection,
    ) -> Result<(), ReplayError> {
        let name = path.file_name().unwrap_or_default();
        // Hidden, so that what a crash leaves here is no file of letters.
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        let mut rest = Outlet::new(files.folder().join(hidden).with_extension("rest"));
        let mut taken: BTreeMap<String, Outlet> = BTreeMap::new();
        let mut lines = LetterLines::open(path, 0)?;
        while let Some(line) = lines.next_letter()? {
            match (selection.add(self, &line.letter), line.letter.source) {
                (None, Some(source)) => {
                    let to = || Outlet::new(files.of_run(run, &source).join(name));
                    taken.entry(source.clone()).or_insert_with(to).write(&line.text)?;
                }
                _ => rest.write(&line.text)?,
            }
        }
        if taken.is_empty() {
            return rest.discard();
        }
        for outlet in taken.into_values() {
            outlet.finish()?;
        }
        // Only now, when the copies are safe, they are taken out of the file.
        match rest.finish()? {
            Some(rest) => fs::rename(rest, path).map_err(ReplayError::file(path))?,
            None => fs::remove_file(path).map_err(ReplayError::file(path))?,
        }
        sync(files.folder()).map_err(ReplayError::file(files.folder()))
    }
}

impl Selection {
    /// Counts a letter; why it is left, or `None` if it is chosen.
    fn add(&mut self, choice: &Choice, letter: &Letter) -> Option<Left> {
        let left = choice.refuses(letter, self.count());
        match left {
            Some(left) => *self.left.entry(left).or_default() += 1,
            None => {
                *self.chosen.entry(letter.class.clone()).or_default() += 1;
                self.bare += u64::from(letter.columns.is_none());
            }
        }
        left
    }
}

/// A file that is made with its first line.
struct Outlet {
    path: PathBuf,
    file: Option<BufWriter<File>>,
}

impl Outlet {
    fn new(path: PathBuf) -> Self {
        Self { path, file: None }
    }

    fn write(&mut self, line: &[u8]) -> Result<(), ReplayError> {
        let failed = ReplayError::file(&self.path);
        let made = match self.file.take() {
            Some(file) => Ok(file),
            None => self.create(),
        };
        let written = made.and_then(|mut file| {
            file.write_all(line)?;
            self.file = Some(file);
            Ok(())
        });
        written.map_err(failed)
    }

    fn create(&self) -> std::io::Result<BufWriter<File>> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        File::create(&self.path).map(BufWriter::new)
    }

    /// Makes the file durable, with the names that lead to it; `None` if it has no line.
    fn finish(self) -> Result<Option<PathBuf>, ReplayError> {
        let Some(file) = self.file else { return Ok(None) };
        let durable = || -> std::io::Result<()> {
            file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
            // `RUN/SOURCE/` within `replaying` within the folder may all be new.
            for folder in self.path.ancestors().skip(1).take(4) {
                sync(folder)?;
            }
            Ok(())
        };
        durable().map_err(ReplayError::file(&self.path))?;
        Ok(Some(self.path))
    }

    fn discard(self) -> Result<(), ReplayError> {
        match self.file {
            Some(_) => fs::remove_file(&self.path).map_err(ReplayError::file(&self.path)),
            None => Ok(()),
        }
    }
}

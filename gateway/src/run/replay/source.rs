//! Letters as a source.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::error::ArrowError;
use async_trait::async_trait;
use forebay_core::batch::Slice;
use forebay_core::decode::{Decode, RawColumns};
use forebay_core::source::{Committed, Resume, SourceError};
use forebay_core::split::{Grant, SplitPhase, SplitStatus};
use forebay_core::{Position, Range, Source, SplitId};
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::columns::columns;
use super::decoder::LetterDecoder;
use super::error::ReplayError;
use super::files::LetterFiles;
use super::letter::Letter;
use super::lines::LetterLines;
use crate::run::place::file_name;

/// Reads the letters of one source that a replay took. A file is a split, a position is a byte.
pub(super) struct LetterSource {
    name: Arc<str>,
    files: LetterFiles,
    raw: RawColumns,
    decoder: Arc<dyn Decode>,
    /// Path and size of each file.
    splits: BTreeMap<SplitId, (PathBuf, u64)>,
    /// Files that are not read to their end.
    unread: BTreeSet<SplitId>,
    /// Splits whose files are gone.
    gone: Vec<SplitId>,
}

impl LetterSource {
    /// The letters of the source `name`, whose records were decoded by `decoder`.
    pub(super) fn new(
        name: Arc<str>,
        files: LetterFiles,
        raw: RawColumns,
        decoder: Arc<dyn Decode>,
    ) -> Self {
        Self {
            name,
            files,
            raw,
            decoder: LetterDecoder::shared(decoder),
            splits: BTreeMap::new(),
            unread: BTreeSet::new(),
            gone: Vec::new(),
        }
    }

    fn list(&self) -> Result<BTreeMap<SplitId, (PathBuf, u64)>, SourceError> {
        let own = file_name(&self.name);
        let found = self.files.under_way().map_err(|error| told(&error))?;
        let of_source = found.into_iter().filter(|file| file.source == own);
        of_source
            .map(|file| {
                let size = std::fs::metadata(&file.path)
                    .map_err(|error| told(&ReplayError::file(&file.path)(error)))?
                    .len();
                let name = file.path.file_name().unwrap_or_default().to_string_lossy();
                Ok((SplitId::from(format!("{}/{name}", file.run)), (file.path, size)))
            })
            .collect()
    }

    fn retire(&mut self, split: &SplitId) -> Result<(), SourceError> {
        if let Some((path, _)) = self.splits.get(split) {
            self.files.retire(path).map_err(|error| told(&ReplayError::file(path)(error)))?;
            self.splits.remove(split);
        }
        self.unread.remove(split);
        self.gone.push(split.clone());
        Ok(())
    }

    /// What to read of a split, and where.
    fn portion(&self, split: &SplitId, from: &Position) -> Result<Portion, SourceError> {
        let known = self.splits.get(split).ok_or_else(|| {
            SourceError::Lost(format!(
                "the letters of `{split}` are gone; they stood in {}",
                self.files.folder().join("replaying").display()
            ))
        })?;
        let from = from.as_u64().ok_or_else(|| {
            SourceError::Fatal(format!("`{from}` is no position in the letters of `{split}`"))
        })?;
        Ok(Portion {
            path: known.0.clone(),
            size: known.1,
            from,
            until: known.1,
            records: u64::MAX,
            bytes: u64::MAX,
        })
    }

    async fn slice(
        &self,
        portion: Portion,
        split: &SplitId,
        generation: u64,
    ) -> Result<Option<Slice>, SourceError> {
        let (from, size, raw) = (portion.from, portion.size, self.raw.clone());
        let read = spawn_blocking(move || portion.read(&raw)).await;
        let read = read.map_err(|error| SourceError::Transient(error.to_string()))??;
        let Some((records, until, bytes)) = read else { return Ok(None) };
        Ok(Some(Slice {
            range: Range {
                source: self.name.clone(),
                split: split.clone(),
                generation,
                from: from.into(),
                until: until.into(),
                records: records.num_rows() as u64,
                bytes,
                last: until >= size,
            },
            raw: Some(self.raw.value),
            position: Some(self.raw.schema.fields().len()),
            records,
        }))
    }
}

fn told(error: &ReplayError) -> SourceError {
    match error {
        // Whoever mended the file has to start again.
        ReplayError::Line { .. } => SourceError::Fatal(error.to_string()),
        _ => SourceError::Transient(error.to_string()),
    }
}

/// A part of a file, to be read.
struct Portion {
    path: PathBuf,
    size: u64,
    from: u64,
    until: u64,
    records: u64,
    bytes: u64,
}

impl Portion {
    /// The records, where they end, and how many bytes they have.
    fn read(
        &self,
        raw: &RawColumns,
    ) -> Result<Option<(arrow::array::RecordBatch, u64, u64)>, SourceError> {
        let mut lines = LetterLines::open(&self.path, self.from).map_err(|error| told(&error))?;
        let (mut letters, mut until, mut bytes) = (Vec::new(), self.from, 0_u64);
        while until < self.until && (letters.len() as u64) < self.records {
            let Some(line) = lines.next_letter().map_err(|error| told(&error))? else {
                // Empty lines at the end.
                until = self.until;
                break;
            };
            let size = line.letter.bytes.len() as u64;
            if line.end > self.until || !letters.is_empty() && bytes + size > self.bytes {
                break;
            }
            bytes += size;
            until = line.end;
            letters.push(line.letter);
        }
        if until == self.from {
            return Ok(None);
        }
        let records = columns(raw, &letters).map_err(|error| self.misfit(raw, &letters, error))?;
        Ok(Some((records, until, bytes)))
    }

    /// Says which letter it is whose columns do not fit.
    fn misfit(&self, raw: &RawColumns, letters: &[Letter], error: ArrowError) -> SourceError {
        let alone = letters.iter().map(|letter| columns(raw, std::slice::from_ref(letter)).err());
        let found = alone.enumerate().find_map(|(index, error)| Some((index + 1, error?)));
        let (which, error) = found.map_or((String::new(), error), |(number, error)| {
            (format!("letter {number} after byte {} of ", self.from), error)
        });
        SourceError::Fatal(format!(
            "{which}`{}` does not fit the columns of its source, mend its `columns`: {error}",
            self.path.display()
        ))
    }
}

#[async_trait]
impl Source for LetterSource {
    fn decoder(&self) -> Arc<dyn Decode> {
        self.decoder.clone()
    }

    fn bounded(&self) -> bool {
        true
    }

    async fn connect(&mut self, resume: &Resume) -> Result<(), SourceError> {
        self.splits = self.list()?;
        self.unread = self.splits.keys().cloned().collect();
        // Committed, but a crash came before they were moved.
        for split in &resume.finished {
            self.retire(split)?;
        }
        Ok(())
    }

    async fn splits(
        &mut self,
        next: &BTreeMap<SplitId, Position>,
    ) -> Result<Vec<SplitStatus>, SourceError> {
        let status = |(split, (_, size)): (&SplitId, &(PathBuf, u64))| {
            let at = next.get(split).and_then(Position::as_u64).unwrap_or(0);
            SplitStatus {
                split: split.clone(),
                generation: 0,
                start: Position::from(0),
                end: Some(Position::from(*size)),
                backlog: (at >= *size).then_some(0),
                oldest_ms: None,
                phase: SplitPhase::Ended,
            }
        };
        Ok(self.splits.iter().map(status).collect())
    }

    async fn read(
        &mut self,
        grants: &[Grant],
        deadline: Instant,
    ) -> Result<Vec<Slice>, SourceError> {
        let mut slices = Vec::new();
        for grant in grants {
            if !slices.is_empty() && Instant::now() >= deadline {
                break;
            }
            let whole = self.portion(&grant.split, &grant.from)?;
            let until = grant.until.as_ref().and_then(Position::as_u64);
            let portion = Portion {
                until: until.unwrap_or(whole.size).min(whole.size),
                records: grant.records,
                bytes: grant.bytes,
                ..whole
            };
            if let Some(slice) = self.slice(portion, &grant.split, grant.generation).await? {
                if slice.range.last {
                    self.unread.remove(&grant.split);
                }
                slices.push(slice);
            }
        }
        Ok(slices)
    }

    async fn replay(&mut self, ranges: &[Range]) -> Result<Vec<Slice>, SourceError> {
        let mut slices = Vec::with_capacity(ranges.len());
        for range in ranges {
            let whole = self.portion(&range.split, &range.from)?;
            let until = range.until.as_u64().unwrap_or(whole.size);
            let slice = self
                .slice(Portion { until, ..whole }, &range.split, range.generation)
                .await?
                .filter(|slice| slice.range.records == range.records)
                .ok_or_else(|| {
                    let split = &range.split;
                    SourceError::Lost(format!(
                        "`{split}` has other letters now than when they were read"
                    ))
                })?;
            if range.last {
                self.unread.remove(&range.split);
            }
            slices.push(Slice { range: range.clone(), ..slice });
        }
        Ok(slices)
    }

    async fn ready(&mut self) {
        if self.unread.is_empty() {
            std::future::pending().await
        }
    }

    async fn commit(&mut self, committed: &[Committed]) -> Result<(), SourceError> {
        for done in committed.iter().filter(|done| done.finished) {
            self.retire(&done.split)?;
        }
        Ok(())
    }

    async fn forget(&mut self) -> Vec<SplitId> {
        std::mem::take(&mut self.gone)
    }
}

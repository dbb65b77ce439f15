//! The state machine that the engine drives.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use forebay_core::batch::Slice;
use forebay_core::clock::Clock;
use forebay_core::component::{Observe, Problem};
use forebay_core::decode::Decode;
use forebay_core::source::{Committed, Resume, SourceError};
use forebay_core::split::{Grant, SplitPhase, SplitStatus};
use forebay_core::{Position, Range, Source, SplitId};
use forebay_formats::Format;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use crate::catalog::{Catalog, Entry, Heads, Note, Now, State};
use crate::columns;
use crate::config::{After, Compression, FilesConfig};
use crate::faults::Faults;
use crate::identity;
use crate::input::compression;
use crate::listing::{Listing, Selection};
use crate::placed::Placed;
use crate::reader::{Failure, Manner, Reader};
use crate::report::Report;
use crate::retire::Retire;
use crate::scanner::{Pace, Scanner};
use crate::worker::{Job, Outcome, Worker};

/// A folder of files that the engine can read.
pub struct FilesSource {
    name: Arc<str>,
    clock: Arc<dyn Clock>,
    selection: Arc<Selection>,
    pace: Pace,
    manner: Manner,
    max_files: usize,
    max_bytes: u64,
    retire: Option<Retire>,
    decoder: Arc<dyn Decode>,
    catalog: Catalog,
    /// Files that are open, each where the last read ended. To lose one costs opening it again.
    readers: HashMap<SplitId, Reader>,
    scanner: Option<Scanner>,
    /// The look at the folder that the catalog knows.
    applied: Option<Arc<Listing>>,
    report: Report,
}

impl FilesSource {
    /// A source whose ranges bear this name. Paths in the options are taken as they are.
    ///
    /// # Errors
    /// If an option is wrong.
    pub fn new(
        config: FilesConfig,
        name: Arc<str>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Problem> {
        if let Some(problem) = config.problems().into_iter().next() {
            return Err(problem);
        }
        let decoder = decoder(&config)?;
        let selection = Selection::new(&config, config.path.clone())
            .map_err(|error| Problem::at("path", error.to_string()))?;
        let max_age = config.max_file_age.map(|age| age.0);
        Ok(Self {
            name,
            clock,
            selection: Arc::new(selection),
            pace: Pace { interval: config.scan_interval.0, settle: config.settle.0 },
            max_files: config.max_files_per_batch as usize,
            max_bytes: config.max_bytes_per_batch.map_or(u64::MAX, |size| size.0),
            retire: match config.after {
                After::Keep => None,
                After::Delete => Some(Retire::Delete),
                After::Move => config.move_to.clone().map(Retire::Move),
            },
            decoder,
            catalog: Catalog::new(config.order, config.settle.0, max_age),
            readers: HashMap::new(),
            scanner: None,
            applied: None,
            report: Report::default(),
            manner: Manner {
                is_table: config.is_table(),
                max_line: usize::try_from(config.max_line.0).unwrap_or(usize::MAX),
                compression: config.compression,
                decoding: config.decoding,
            },
        })
    }

    fn now(&self) -> Now {
        let wall = i64::try_from(self.clock.now_ms()).unwrap_or(i64::MAX);
        Now { wall: wall.saturating_mul(1_000_000), elapsed: self.clock.elapsed() }
    }

    /// Shows the catalog the last look at the folder, if it does not know it yet.
    async fn refresh(&mut self) {
        let Some(scanner) = &self.scanner else { return };
        let listing = Arc::clone(&scanner.listings.borrow());
        if self.applied.as_ref().is_some_and(|applied| Arc::ptr_eq(applied, &listing)) {
            return;
        }
        let now = self.now();
        let wanted = self.catalog.wanted(&listing, now);
        let heads = if wanted.is_empty() {
            Heads::new()
        } else {
            let digest = move || -> Heads {
                let each = wanted.into_iter().map(|(path, name, size)| {
                    let head = identity::head(&path, size).map_err(|error| error.to_string());
                    ((name, size), head)
                });
                each.collect()
            };
            spawn_blocking(digest).await.unwrap_or_default()
        };
        let notes = self.catalog.update(&listing, &heads, now);
        self.tell(&listing, notes);
        self.applied = Some(listing);
    }

    /// Reports and logs what a look at the folder brought.
    fn tell(&self, listing: &Listing, notes: Vec<Note>) {
        let source = &self.name;
        let (mut cut, mut grown) = (0, 0);
        for note in notes {
            match note {
                Note::GrownAfterEnd(path) => {
                    grown += 1;
                    tracing::warn!(%source, path = %path.display(), "the file was written to after it was read to its end, and what came later is not read: use a source of type `tail` for files that grow");
                }
                Note::GrownWhileRead(path) => {
                    tracing::warn!(%source, path = %path.display(), "the file was written to while it was read: raise `settle`, or move files into the folder when they are complete");
                }
                Note::Cut(path, position) => {
                    cut += 1;
                    tracing::warn!(%source, path = %path.display(), position, "the file vanished or was replaced before it was read to its end: its rest is lost");
                }
            }
        }
        self.report.update(|state| {
            let missing = listing.errors.iter().map(|(path, why)| (path.as_path(), why.as_str()));
            let all = missing.chain(self.catalog.unreadable());
            let known = std::mem::take(&mut state.unreadable);
            state.name_unreadable(all.map(|(path, why)| (path.display().to_string(), why)));
            for (path, why) in state.unreadable.iter().filter(|(path, _)| !known.contains_key(*path)) {
                tracing::warn!(%source, %path, error = %why, "cannot be read; tried again at each look at the folder");
            }
            state.pending = self.catalog.len();
            state.unsettled = self.catalog.unsettled();
            state.remembered = self.catalog.remembered.len();
            state.listing_ms = u64::try_from(listing.took.as_millis()).unwrap_or(u64::MAX);
            state.cut += cut;
            state.grown += grown;
        });
    }

    /// Whether a file's end is known without reading it.
    fn is_plain(&self, entry: &Entry) -> bool {
        !self.manner.is_table
            && compression(&entry.path, self.manner.compression) == Compression::None
    }

    fn status(&self, split: &SplitId, entry: &Entry, at: u64, waits: bool) -> Option<SplitStatus> {
        let (end, phase) = match entry.state {
            State::Ready => {
                let end = self.is_plain(entry).then_some(entry.stamp.size.max(at));
                (end, if waits { SplitPhase::Waiting } else { SplitPhase::Ended })
            }
            State::Busy | State::Unreadable if entry.position.is_none() => return None,
            State::Busy | State::Unreadable => (Some(at), SplitPhase::Active),
            State::Ended(end) | State::Cut(end) => (Some(end.max(at)), SplitPhase::Ended),
        };
        let drained = end == Some(at);
        let modified = u64::try_from(entry.stamp.modified / 1_000_000).unwrap_or(0);
        Some(SplitStatus {
            split: split.clone(),
            generation: 0,
            start: Position::from(0),
            end: end.map(Position::from),
            backlog: drained.then_some(0),
            oldest_ms: (!drained).then(|| self.clock.now_ms().saturating_sub(modified)),
            phase,
        })
    }

    /// Reads in another thread; the readers come back with what they read.
    async fn work(
        &mut self,
        jobs: Vec<Job>,
        deadline: Option<Instant>,
    ) -> Result<Vec<Outcome>, SourceError> {
        let mut worker = Worker {
            manner: self.manner.clone(),
            name: Arc::clone(&self.name),
            readers: std::mem::take(&mut self.readers),
            max_bytes: if deadline.is_some() { self.max_bytes } else { u64::MAX },
            deadline: deadline.map(Instant::into_std),
        };
        let (worker, outcomes) = spawn_blocking(move || {
            let outcomes = worker.run(jobs);
            (worker, outcomes)
        })
        .await
        .map_err(|error| SourceError::Transient(format!("reading files broke off: {error}")))?;
        self.readers = worker.readers;
        Ok(outcomes)
    }

    /// Deletes or moves files that are finished, as far as possible.
    async fn retire(&mut self, finished: Vec<Entry>) {
        let Some(retire) = self.retire.clone() else { return };
        if finished.is_empty() {
            return;
        }
        let source = Arc::clone(&self.name);
        let apply = move || {
            let mut retired = Vec::new();
            let mut failures = 0;
            for entry in finished {
                match retire.apply(&entry.path, &entry.identity, entry.stamp) {
                    Ok(()) => retired.push(entry.identity),
                    Err(error) => {
                        failures += 1;
                        tracing::warn!(%source, path = %entry.path.display(), %error, "the file was read and committed, but cannot be deleted or moved: do it by hand");
                    }
                }
            }
            (retired, failures)
        };
        let (retired, failures) = spawn_blocking(apply).await.unwrap_or_default();
        for identity in &retired {
            self.catalog.remembered.retire(identity);
        }
        self.report.update(|state| {
            state.retired += retired.len() as u64;
            state.retire_failures += failures;
        });
    }

    fn number(&self, split: &SplitId, position: &Position) -> Result<u64, SourceError> {
        position.as_u64().ok_or_else(|| self.foreign(format!("`{position}` of split `{split}`")))
    }

    fn foreign(&self, what: String) -> SourceError {
        SourceError::Fatal(format!(
            "the checkpoint has {what} for `{}`, which no source of files can have written: does \
             it belong to another source?",
            self.name
        ))
    }
}

fn decoder(config: &FilesConfig) -> Result<Arc<dyn Decode>, Problem> {
    let decoding = &config.decoding;
    if !config.is_table() || decoding.format == Format::Csv {
        let seen = columns::schema(config.is_table());
        return Ok(Faults::shared(decoding.decoder(&seen, "value")?));
    }
    Placed::shared(decoding)
}

#[async_trait]
impl Source for FilesSource {
    fn decoder(&self) -> Arc<dyn Decode> {
        Arc::clone(&self.decoder)
    }

    async fn connect(&mut self, resume: &Resume) -> Result<(), SourceError> {
        if self.scanner.is_none() {
            self.catalog.start_over();
            for (split, position) in &resume.committed {
                let position = self.number(split, position)?;
                let known = self.catalog.resume(split, position);
                known.ok_or_else(|| self.foreign(format!("split `{split}`")))?;
            }
            for split in &resume.finished {
                let known = self.catalog.resume_finished(split);
                known.ok_or_else(|| self.foreign(format!("split `{split}`")))?;
            }
            let scanner = Scanner::start(Arc::clone(&self.selection), self.pace).await;
            let missing = scanner.listings.borrow().missing();
            if let Some(why) = missing {
                scanner.stop().await;
                return Err(SourceError::Transient(why));
            }
            self.scanner = Some(scanner);
            self.refresh().await;
            let left = self.applied.as_ref().map(|listing| self.catalog.left_behind(listing));
            self.retire(left.unwrap_or_default()).await;
        }
        self.refresh().await;
        Ok(())
    }

    async fn splits(
        &mut self,
        next: &BTreeMap<SplitId, Position>,
    ) -> Result<Vec<SplitStatus>, SourceError> {
        self.refresh().await;
        let mut finished = Vec::new();
        for (split, position) in next {
            let position = self.number(split, position)?;
            self.catalog.at(split, position);
            let is_over = self.catalog.get(split).is_some_and(|entry| {
                let plain = entry.state == State::Ready && self.is_plain(entry);
                plain && position >= entry.stamp.size
            });
            if is_over {
                finished.extend(self.catalog.read(split, position, true));
            }
        }
        self.retire(finished).await;
        let mut readable = 0;
        let statuses = self.catalog.in_order().filter_map(|(split, entry)| {
            let at = next.get(split).and_then(Position::as_u64).unwrap_or(0);
            if entry.state == State::Ready {
                readable += 1;
            }
            self.status(split, entry, at, readable > self.max_files)
        });
        Ok(statuses.collect())
    }

    async fn read(
        &mut self,
        grants: &[Grant],
        deadline: Instant,
    ) -> Result<Vec<Slice>, SourceError> {
        let granted: HashMap<_, _> = grants.iter().map(|grant| (&grant.split, grant)).collect();
        let mut jobs = Vec::new();
        for (split, entry) in self.catalog.in_order() {
            let Some(grant) = granted.get(split).filter(|_| entry.state == State::Ready) else {
                continue;
            };
            let until = grant.until.as_ref().map(|until| self.number(split, until)).transpose()?;
            jobs.push(Job {
                grant: (*grant).clone(),
                path: entry.path.clone(),
                stamp: entry.stamp,
                from: self.number(split, &grant.from)?,
                until,
            });
            if jobs.len() == self.max_files {
                break;
            }
        }
        let read_now: Vec<_> = jobs.iter().map(|job| job.grant.split.clone()).collect();
        let mut slices = Vec::new();
        let mut finished = Vec::new();
        for outcome in self.work(jobs, Some(deadline)).await? {
            let Outcome { split, slice, ended, position, failure } = outcome;
            match failure {
                None if slice.is_some() || ended => {
                    finished.extend(self.catalog.read(&split, position, ended));
                }
                None => {}
                Some(Failure::Unreadable(why)) => {
                    if let Some(path) = self.catalog.set_unreadable(&split, &why) {
                        tracing::warn!(source = %self.name, path = %path.display(), error = %why, "the file cannot be read on; tried again at each look at the folder");
                    }
                }
                Some(Failure::Gone | Failure::Changed) => {
                    self.catalog.set_busy(&split);
                    if let Some(scanner) = &self.scanner {
                        scanner.look();
                    }
                }
            }
            slices.extend(slice);
        }
        self.retire(finished).await;
        if self.readers.len() > self.max_files {
            self.readers.retain(|split, _| read_now.contains(split));
        }
        self.readers.retain(|split, _| self.catalog.get(split).is_some());
        Ok(slices)
    }

    async fn replay(&mut self, ranges: &[Range]) -> Result<Vec<Slice>, SourceError> {
        let mut slices = Vec::with_capacity(ranges.len());
        for range in ranges {
            let split = &range.split;
            let lost = |why: &str| {
                SourceError::Lost(format!(
                    "records {} to {} of `{split}` were read before and cannot be read again: {why}",
                    range.from, range.until
                ))
            };
            let (from, until) =
                (self.number(split, &range.from)?, self.number(split, &range.until)?);
            let entry =
                self.catalog.adopt(split).ok_or_else(|| lost("the file is gone or replaced"))?;
            let grant = Grant {
                split: split.clone(),
                generation: range.generation,
                from: range.from.clone(),
                until: Some(range.until.clone()),
                records: range.records,
                bytes: u64::MAX,
            };
            let (path, stamp) = (entry.path.clone(), entry.stamp);
            let job = Job { grant, path, stamp, from, until: Some(until) };
            let Some(outcome) = self.work(vec![job], None).await?.pop() else {
                return Err(SourceError::Transient("reading files broke off".to_owned()));
            };
            match (outcome.slice, outcome.failure) {
                (Some(slice), None) if slice.range.records == range.records => {
                    self.catalog.read(split, until, range.last);
                    slices.push(Slice { range: range.clone(), ..slice });
                }
                (_, Some(Failure::Unreadable(why))) => {
                    let text = format!("`{split}` cannot be read again: {why}");
                    return Err(SourceError::Transient(text));
                }
                (_, Some(Failure::Gone)) => return Err(lost("the file is gone")),
                (_, Some(Failure::Changed)) => return Err(lost("the file was written to since")),
                (_, None) => return Err(lost("the file has other records there now")),
            }
        }
        Ok(slices)
    }

    async fn ready(&mut self) {
        loop {
            self.refresh().await;
            let unread = |(_, entry): (&SplitId, &Entry)| entry.state == State::Ready;
            if self.catalog.in_order().any(unread) {
                return;
            }
            let Some(scanner) = &mut self.scanner else { return std::future::pending().await };
            // Ends only with the scanner, which ends only with this.
            if scanner.listings.changed().await.is_err() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }

    async fn commit(&mut self, committed: &[Committed]) -> Result<(), SourceError> {
        let mut finished = Vec::new();
        for done in committed {
            let position = self.number(&done.split, &done.position)?;
            finished.extend(self.catalog.commit(&done.split, position, done.finished));
        }
        self.retire(finished).await;
        Ok(())
    }

    async fn forget(&mut self) -> Vec<SplitId> {
        self.catalog.forget(self.now())
    }

    async fn close(&mut self) {
        if let Some(scanner) = self.scanner.take() {
            scanner.stop().await;
        }
        self.readers.clear();
    }

    fn observe(&self) -> Option<Arc<dyn Observe>> {
        Some(Arc::new(self.report.clone()))
    }
}

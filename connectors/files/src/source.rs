//! The state machine that the engine drives.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use forebay_core::batch::Slice;
use forebay_core::clock::Clock;
use forebay_core::component::{Observe, Problem};
use forebay_core::decode::Decode;
use forebay_core::probe::Probed;
use forebay_core::source::{Committed, Resume, SourceError};
use forebay_core::split::{Grant, SplitStatus};
use forebay_core::{Position, Range, Source, SplitId};
use forebay_formats::Format;
use forebay_formats::text_files::{self, Faults};
use tokio::time::Instant;

use crate::backlog::{Backlog, Portion};
use crate::catalog::{Entry, State};
use crate::config::{After, FilesConfig};
use crate::placed::Placed;
use crate::probe::probe;
use crate::reader::{Failure, Manner, Reader};
use crate::retire::Retire;
use crate::status::status;
use crate::view::View;
use crate::worker::{Job, Outcome, Worker};

/// A folder of files that the engine can read.
pub struct FilesSource {
    name: Arc<str>,
    manner: Manner,
    max_files: usize,
    max_bytes: Option<u64>,
    retire: Option<Retire>,
    decoder: Arc<dyn Decode>,
    view: View,
    /// Files that are open, each where the last read ended. To lose one costs opening it again.
    readers: HashMap<SplitId, Reader>,
    backlog: Backlog,
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
        let view = View::new(&config, Arc::clone(&name), clock)?;
        Ok(Self {
            name,
            max_files: config.max_files_per_batch as usize,
            max_bytes: config.max_bytes_per_batch.map(|size| size.0),
            retire: match config.after {
                After::Keep => None,
                After::Delete => Some(Retire::Delete),
                After::Move => config.move_to.clone().map(Retire::Move),
            },
            decoder,
            view,
            readers: HashMap::new(),
            backlog: Backlog::default(),
            manner: Manner {
                is_table: config.is_table(),
                max_line: usize::try_from(config.max_line.0).unwrap_or(usize::MAX),
                compression: config.compression,
                decoding: config.decoding,
            },
        })
    }

    /// Reads in other threads; the readers come back with what they read.
    async fn work(
        &mut self,
        mut jobs: Vec<Job>,
        deadline: Option<Instant>,
    ) -> Result<Vec<Outcome>, SourceError> {
        for job in &mut jobs {
            job.open = self.readers.remove(&job.grant.split);
        }
        let worker = Worker {
            manner: self.manner.clone(),
            name: Arc::clone(&self.name),
            max_bytes: self.max_bytes.filter(|_| deadline.is_some()),
            deadline: deadline.map(Instant::into_std),
        };
        let (mut outcomes, unread) = worker
            .run(jobs)
            .await
            .map_err(|error| SourceError::Transient(format!("reading files broke off: {error}")))?;
        let still_open = unread.into_iter().map(|job| (job.grant.split, job.open));
        let read = outcomes.iter_mut().map(|it| (it.split.clone(), it.reader.take()));
        let readers = still_open.chain(read).filter_map(|(split, it)| Some((split, it?)));
        self.readers.extend(readers);
        Ok(outcomes)
    }

    /// Takes note of what reading told about how much there is.
    fn learn(&mut self, outcome: &Outcome) {
        let Some(slice) = &outcome.slice else { return };
        let Some(entry) = self.view.catalog.get(&outcome.split) else { return };
        let (from, until) = (slice.range.from.as_u64().unwrap_or(0), outcome.position);
        let records = slice.range.records;
        let read = Portion { from, until, records, ended: outcome.ended };
        self.backlog.learn(&self.manner, entry, read);
        let line = (until.saturating_sub(from)) as f64 / records.max(1) as f64;
        let line = (!self.manner.is_table && line > 0.0).then_some(line);
        self.view.catalog.learn(&outcome.split, line, outcome.total);
    }

    /// Deletes or moves files that are finished, as far as possible.
    async fn retire(&mut self, finished: Vec<Entry>) {
        let Some(retire) = self.retire.clone().filter(|_| !finished.is_empty()) else { return };
        let retired = retire.all(Arc::clone(&self.name), finished).await;
        for identity in &retired.files {
            self.view.catalog.remembered.retire(identity);
        }
        self.view.report.update(|state| {
            state.retired += retired.files.len() as u64;
            state.retire_failures += retired.failures;
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
        let seen = text_files::schema(config.is_table());
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
        if !self.view.is_open() {
            self.view.catalog.start_over();
            for (split, position) in &resume.committed {
                let position = self.number(split, position)?;
                let known = self.view.catalog.resume(split, position);
                known.ok_or_else(|| self.foreign(format!("split `{split}`")))?;
            }
            for split in &resume.finished {
                let known = self.view.catalog.resume_finished(split);
                known.ok_or_else(|| self.foreign(format!("split `{split}`")))?;
            }
            self.view.open().await.map_err(SourceError::Transient)?;
            let left = self.view.left_behind();
            self.retire(left).await;
        }
        self.view.refresh().await;
        Ok(())
    }

    async fn splits(
        &mut self,
        next: &BTreeMap<SplitId, Position>,
    ) -> Result<Vec<SplitStatus>, SourceError> {
        self.view.refresh().await;
        let mut finished = Vec::new();
        for (split, position) in next {
            let position = self.number(split, position)?;
            self.view.catalog.at(split, position);
            let is_over = self.view.catalog.get(split).is_some_and(|entry| {
                let plain = entry.state == State::Ready && self.manner.is_plain(&entry.path);
                plain && position >= entry.stamp.size
            });
            if is_over {
                finished.extend(self.view.catalog.read(split, position, true));
            }
        }
        self.retire(finished).await;
        let now_ms = self.view.now_ms();
        let mut readable = 0;
        let statuses = self.view.catalog.in_order().filter_map(|(split, entry)| {
            let at = next.get(split).and_then(Position::as_u64).unwrap_or(0);
            if entry.state == State::Ready {
                readable += 1;
            }
            let waits = readable > self.max_files;
            let backlog = self.backlog.records(&self.manner, entry, at);
            status(&self.manner, split, entry, at, waits, backlog, now_ms)
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
        for (split, entry) in self.view.catalog.in_order() {
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
                open: None,
            });
            if jobs.len() == self.max_files {
                break;
            }
        }
        let read_now: Vec<_> = jobs.iter().map(|job| job.grant.split.clone()).collect();
        let mut slices = Vec::new();
        let mut finished = Vec::new();
        for outcome in self.work(jobs, Some(deadline)).await? {
            self.learn(&outcome);
            let Outcome { split, slice, ended, position, failure, .. } = outcome;
            match failure {
                None if slice.is_some() || ended => {
                    finished.extend(self.view.catalog.read(&split, position, ended));
                }
                None => {}
                Some(Failure::Unreadable(why)) => {
                    if let Some(path) = self.view.catalog.set_unreadable(&split, &why) {
                        tracing::warn!(source = %self.name, path = %path.display(), error = %why, "the file cannot be read on; tried again at each look at the folder");
                    }
                }
                Some(Failure::Gone | Failure::Changed) => {
                    self.view.catalog.set_busy(&split);
                    self.view.look();
                }
            }
            slices.extend(slice);
        }
        self.retire(finished).await;
        if self.readers.len() > self.max_files {
            self.readers.retain(|split, _| read_now.contains(split));
        }
        self.readers.retain(|split, _| self.view.catalog.get(split).is_some());
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
            let entry = self
                .view
                .catalog
                .adopt(split)
                .ok_or_else(|| lost("the file is gone or replaced"))?;
            let grant = Grant {
                split: split.clone(),
                generation: range.generation,
                from: range.from.clone(),
                until: Some(range.until.clone()),
                records: range.records,
                bytes: u64::MAX,
            };
            let (path, stamp) = (entry.path.clone(), entry.stamp);
            let job = Job { grant, path, stamp, from, until: Some(until), open: None };
            let Some(outcome) = self.work(vec![job], None).await?.pop() else {
                return Err(SourceError::Transient("reading files broke off".to_owned()));
            };
            match (outcome.slice, outcome.failure) {
                (Some(slice), None) if slice.range.records == range.records => {
                    self.view.catalog.read(split, until, range.last);
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
        self.view.readable().await;
    }

    async fn commit(&mut self, committed: &[Committed]) -> Result<(), SourceError> {
        let mut finished = Vec::new();
        for done in committed {
            let position = self.number(&done.split, &done.position)?;
            finished.extend(self.view.catalog.commit(&done.split, position, done.finished));
        }
        self.retire(finished).await;
        Ok(())
    }

    async fn forget(&mut self) -> Vec<SplitId> {
        let now = self.view.now();
        self.view.catalog.forget(now)
    }

    async fn close(&mut self) {
        self.view.close().await;
        self.readers.clear();
    }

    async fn probe(&mut self) -> Probed {
        let mut probed = Probed::default();
        // Where it ended is its last step.
        let _ = probe(self.view.selection(), &mut probed).await;
        probed
    }

    fn observe(&self) -> Option<Arc<dyn Observe>> {
        Some(Arc::new(self.view.report.clone()))
    }
}

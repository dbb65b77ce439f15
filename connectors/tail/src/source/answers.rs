//! What the engine asks.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use forebay_core::batch::Slice;
use forebay_core::clock::Clock;
use forebay_core::component::{Observe, Problem};
use forebay_core::decode::Decode;
use forebay_core::probe::Probed;
use forebay_core::source::{Committed, Resume, SourceError};
use forebay_core::split::{Grant, SplitPhase, SplitStatus};
use forebay_core::{Position, Range, Source, SplitId};
use forebay_formats::Format;
use forebay_formats::text_files::{Faults, Gathered, OFFSET, Place, VALUE, growing_schema};
use regex::bytes::Regex;
use tokio::time::Instant;

use super::handles::Handles;
use crate::config::TailConfig;
use crate::cutter::Limits;
use crate::divider::Ending;
use crate::mark::Mark;
use crate::probe::probe;
use crate::reader::{Failure, Manner, Wanted};
use crate::view::View;
use crate::worker::{Job, Outcome, work};

/// Files that grow, as the engine reads them.
pub struct TailSource {
    name: Arc<str>,
    pub(super) manner: Arc<Manner>,
    decoder: Arc<dyn Decode>,
    pub(super) view: View,
    handles: Handles,
    /// Bytes of a record of any file, about.
    usual: Option<f64>,
}

impl TailSource {
    /// A source whose ranges bear this name. Paths in the options are taken as they are.
    ///
    /// # Errors
    /// If an option is wrong.
    pub fn new(config: TailConfig, name: Arc<str>, clock: Arc<dyn Clock>) -> Result<Self, Problem> {
        if let Some(problem) = config.problems().into_iter().next() {
            return Err(problem);
        }
        let start = config.multiline.as_ref().map(|multiline| Regex::new(&multiline.start));
        let start =
            start.transpose().map_err(|error| Problem::at("multiline.start", error.to_string()))?;
        Ok(Self {
            view: View::new(&config, Arc::clone(&name), clock)?,
            name,
            manner: Arc::new(Manner {
                max_line: usize::try_from(config.max_line.0).unwrap_or(usize::MAX),
                start,
                skip_blank: config.decoding.format == Format::Json,
            }),
            decoder: Faults::shared(config.decoding.decoder(&growing_schema(), "value")?),
            handles: Handles::new(config.max_open as usize),
            usual: None,
        })
    }

    pub(super) fn mark(&self, split: &SplitId, position: &Position) -> Result<Mark, SourceError> {
        Mark::parse(position)
            .ok_or_else(|| self.foreign(&format!("`{position}` of split `{split}`")))
    }

    pub(super) fn foreign(&self, what: &str) -> SourceError {
        SourceError::Fatal(format!(
            "the checkpoint has {what} for `{}`, which no source of type `tail` can have written: \
             does it belong to another source?",
            self.name
        ))
    }

    pub(super) fn slice(
        &self,
        range: Range,
        gathered: Gathered,
        name: &Arc<str>,
    ) -> Result<Slice, SourceError> {
        let place = Place { path: Arc::clone(name), modified: None };
        let records = gathered.finish(&place, None);
        let records = records.map_err(|error| SourceError::Transient(error.to_string()))?;
        Ok(Slice { range, records, raw: Some(VALUE), position: Some(OFFSET) })
    }

    /// What a grant leads to; nothing if the file has nothing to read.
    fn job(&mut self, grant: &Grant, deadline: Instant) -> Result<Option<Job>, SourceError> {
        let from = self.mark(&grant.split, &grant.from)?;
        let until = grant.until.as_ref().map(|until| self.mark(&grant.split, until)).transpose()?;
        self.view.catalog.at(&grant.split, from);
        let (now, waits) = (self.view.now(), *self.view.catalog.waits());
        let Some(entry) = self.view.catalog.get(&grant.split) else { return Ok(None) };
        let Some(ending) = entry.readable(now, &waits) else { return Ok(None) };
        let ending = match until {
            Some(until) if until.print.is_some() => Ending::Final,
            Some(until) if until.offset < entry.size => Ending::Growing,
            _ => ending,
        };
        let wanted = Wanted {
            path: entry.path.clone(),
            key: entry.identity.key,
            compression: entry.compression,
            from,
            until: until.map(|until| until.offset),
            ending,
        };
        let deadline = Some(deadline.into_std());
        let limits = Limits { records: grant.records, bytes: grant.bytes, deadline };
        let open = self.handles.take(&grant.split);
        let (split, generation) = (grant.split.clone(), grant.generation);
        Ok(Some(Job { split, generation, wanted, limits, open }))
    }

    /// Takes note of what was read.
    async fn learn(&mut self, outcome: Outcome) -> Result<Option<Slice>, SourceError> {
        let Outcome { split, generation, wanted, portion } = outcome;
        let now = self.view.now();
        let portion = match portion {
            Ok(portion) => portion,
            Err(failure) => {
                self.fail(&split, failure).await;
                return Ok(None);
            }
        };
        let records = portion.gathered.rows() as u64;
        let (from, until) = (wanted.from, portion.until);
        let catalog = &mut self.view.catalog;
        let is_all = portion.is_all && wanted.until.is_none_or(|until| until >= portion.size);
        let ending = is_all.then_some(wanted.ending);
        catalog.read(&split, until, records, portion.size, ending, now);
        catalog.set_open(&split, portion.open.is_some());
        if let Some(open) = portion.open {
            self.handles.put(split.clone(), open, now);
        }
        if portion.ended {
            catalog.finish(&split);
        }
        if until.offset == from.offset {
            return Ok(None);
        }
        let bytes = until.offset - from.offset;
        if records > 0 {
            self.usual = Some(bytes as f64 / records as f64);
        }
        let range = Range {
            source: Arc::clone(&self.name),
            generation,
            from: from.position(),
            until: until.position(),
            records,
            bytes,
            last: portion.ended,
            split: split.clone(),
        };
        let name = self.view.catalog.get(&split).map(|entry| Arc::clone(&entry.identity.name));
        self.slice(range, portion.gathered, &name.unwrap_or_default()).map(Some)
    }

    async fn fail(&mut self, split: &SplitId, failure: Failure) {
        self.view.catalog.set_open(split, false);
        match failure {
            Failure::Anew => self.view.begin_anew(split).await,
            Failure::Moved => {
                // The next look finds it, or does not.
                self.view.catalog.set_trouble(split, "it is not under its path".to_owned());
                self.view.look();
            }
            Failure::Unreadable(why) => {
                tracing::warn!(source = %self.name, %split, error = %why, "the file cannot be read; tried again at each look at its folder");
                let path = self.view.catalog.get(split).map(|it| it.path.display().to_string());
                self.view.report.update(|state| {
                    state.unreadable.insert(path.unwrap_or_default(), why.clone());
                });
                self.view.catalog.set_trouble(split, why);
            }
        }
    }
}

#[async_trait]
impl Source for TailSource {
    fn decoder(&self) -> Arc<dyn Decode> {
        Arc::clone(&self.decoder)
    }

    async fn connect(&mut self, resume: &Resume) -> Result<(), SourceError> {
        let mut committed = BTreeMap::new();
        for (split, position) in &resume.committed {
            committed.insert(split.clone(), self.mark(split, position)?);
        }
        if self.view.is_open() {
            let finished: HashSet<&SplitId> = resume.finished.iter().collect();
            self.handles.clear();
            let committed = |split: &SplitId| committed.get(split).copied();
            self.view.catalog.rewind(committed, |split| finished.contains(split));
        } else {
            let finished = resume.finished.iter().map(|split| (split, Mark::START, true));
            let open = committed.iter().map(|(split, mark)| (split, *mark, false));
            let now = self.view.now();
            for (split, mark, is_finished) in finished.chain(open) {
                let known = self.view.catalog.resume(split, mark, is_finished, now);
                known.ok_or_else(|| self.foreign(&format!("split `{split}`")))?;
            }
            self.view.open().await;
        }
        self.view.refresh().await;
        Ok(())
    }

    async fn splits(
        &mut self,
        next: &BTreeMap<SplitId, Position>,
    ) -> Result<Vec<SplitStatus>, SourceError> {
        self.view.refresh().await;
        let now = self.view.now();
        let sizes: Vec<_> =
            self.handles.sizes().map(|(split, size)| (split.clone(), size)).collect();
        for (split, size) in sizes {
            self.view.catalog.grow(&split, size, now);
        }
        self.handles.close_idle(&mut self.view.catalog, now);
        let active: Vec<SplitId> =
            self.view.catalog.active().map(|(split, _)| split.clone()).collect();
        for split in &active {
            if let Some(position) = next.get(split) {
                let mark = self.mark(split, position)?;
                self.view.catalog.at(split, mark);
            }
        }
        let open = self.handles.len();
        self.view.report.update(|state| state.open = open);
        let waits = self.view.catalog.waits();
        let statuses = self.view.catalog.active().map(|(split, entry)| {
            let is_readable = entry.readable(now, waits).is_some();
            let end = match entry.size > entry.mark.offset {
                true => Mark::bare(entry.size).position(),
                false => entry.mark.position(),
            };
            SplitStatus {
                split: split.clone(),
                generation: 0,
                start: entry.start.position(),
                end: (!is_readable || !entry.is_compressed() && !entry.is_suspect).then_some(end),
                backlog: match is_readable {
                    true if entry.is_suspect => None,
                    true => entry.backlog(self.usual),
                    false => Some(0),
                },
                oldest_ms: None,
                phase: SplitPhase::Active,
            }
        });
        Ok(statuses.collect())
    }

    async fn read(
        &mut self,
        grants: &[Grant],
        deadline: Instant,
    ) -> Result<Vec<Slice>, SourceError> {
        let mut jobs = Vec::with_capacity(grants.len());
        for grant in grants {
            jobs.extend(self.job(grant, deadline)?);
        }
        let opened = jobs.iter().filter(|job| job.open.is_some()).count();
        let room = self.handles.make_room(&mut self.view.catalog, jobs.len());
        let done = work(&self.manner, jobs, room.saturating_sub(opened)).await;
        let (outcomes, unread) = done
            .map_err(|error| SourceError::Transient(format!("reading files broke off: {error}")))?;
        let now = self.view.now();
        for job in unread {
            if let Some(open) = job.open {
                self.handles.put(job.split, open, now);
            }
        }
        let mut slices = Vec::with_capacity(outcomes.len());
        for outcome in outcomes {
            slices.extend(self.learn(outcome).await?);
        }
        Ok(slices)
    }

    async fn replay(&mut self, ranges: &[Range]) -> Result<Vec<Slice>, SourceError> {
        let mut slices = Vec::with_capacity(ranges.len());
        for range in ranges {
            slices.push(self.again(range).await?);
            if range.last {
                self.view.catalog.finish(&range.split);
            }
        }
        Ok(slices)
    }

    async fn ready(&mut self) {
        self.view.readable().await;
    }

    async fn commit(&mut self, committed: &[Committed]) -> Result<(), SourceError> {
        for done in committed {
            let mark = self.mark(&done.split, &done.position)?;
            self.view.catalog.commit(&done.split, mark.offset);
        }
        Ok(())
    }

    async fn forget(&mut self) -> Vec<SplitId> {
        let now = self.view.now();
        let forgotten = self.view.catalog.forget(now);
        self.view.report.update(|state| state.forgotten += forgotten.len() as u64);
        forgotten
    }

    async fn close(&mut self) {
        self.view.close().await;
        self.handles.clear();
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

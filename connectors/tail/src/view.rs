//! The catalog, kept up with what is seen.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use forebay_core::SplitId;
use forebay_core::clock::Clock;
use forebay_core::component::Problem;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::catalog::{Catalog, Sight, Waits};
use crate::config::{Start, TailConfig};
use crate::listing::{Interest, Listing, Seen, Selection};
use crate::newcomers::{Newcomers, Reception};
use crate::report::{NAMED, Report};
use crate::scanner::Scanner;

/// Files that did not change for longer count as not having changed for this long.
const AGES: Duration = Duration::from_secs(400 * 86_400);

/// The files that there are, as they were last seen.
pub(crate) struct View {
    pub(crate) catalog: Catalog,
    pub(crate) report: Report,
    name: Arc<str>,
    clock: Arc<dyn Clock>,
    selection: Arc<Selection>,
    interval: Duration,
    max_line: u64,
    /// Until the first look: files that are there begin behind their last line.
    at_end: bool,
    newcomers: Newcomers,
    scanner: Option<Scanner>,
}

impl View {
    pub(crate) fn new(
        config: &TailConfig,
        name: Arc<str>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Problem> {
        let selection = Selection::new(config);
        let selection = selection.map_err(|error| Problem::at("paths", error.to_string()))?;
        let waits = Waits {
            rotate: config.rotate_wait.0,
            forget: config.forget_after.0,
            group: config.multiline.as_ref().map(|multiline| multiline.timeout.0),
        };
        Ok(Self {
            catalog: Catalog::new(waits),
            report: Report::default(),
            name,
            clock,
            selection: Arc::new(selection),
            interval: config.scan_interval.0,
            max_line: config.max_line.0,
            at_end: config.start == Start::End,
            newcomers: Newcomers::default(),
            scanner: None,
        })
    }

    pub(crate) fn selection(&self) -> Arc<Selection> {
        Arc::clone(&self.selection)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.scanner.is_some()
    }

    /// Looks for the first time, and begins to look on.
    pub(crate) async fn open(&mut self) {
        let interest = Arc::new(self.catalog.interest().unwrap_or_default());
        let scanner = Scanner::start(Arc::clone(&self.selection), self.interval, interest).await;
        self.scanner = Some(scanner);
        self.refresh().await;
        self.at_end = false;
    }

    pub(crate) async fn close(&mut self) {
        if let Some(scanner) = self.scanner.take() {
            scanner.stop().await;
        }
    }

    /// The time, long after what a file may have seen before the start.
    pub(crate) fn now(&self) -> Duration {
        AGES + self.clock.elapsed()
    }

    /// Asks for a look at all folders soon.
    pub(crate) fn look(&self) {
        if let Some(scanner) = &self.scanner {
            scanner.look(None);
        }
    }

    /// A look at all folders now, also at files whose names begin so.
    pub(crate) async fn list(&self, stem: &str) -> Listing {
        let interest = Interest { stems: vec![stem.to_owned()], ..Interest::default() };
        let selection = Arc::clone(&self.selection);
        spawn_blocking(move || selection.list(&interest)).await.unwrap_or_default()
    }

    /// Takes in what was seen since it was last called.
    pub(crate) async fn refresh(&mut self) {
        let Some(scanner) = &self.scanner else { return };
        let news = scanner.take();
        let now = self.now();
        let is_late = self.newcomers.deadline(Duration::ZERO, self.catalog.waits().rotate);
        let mut is_news = is_late.is_some_and(|at| at <= now);
        let mut unknown = Vec::new();
        if let Some(listing) = news.listing {
            is_news = true;
            unknown = self.take_in(listing, now);
        }
        for seen in news.files.into_values() {
            is_news = true;
            match self.catalog.see(&seen, now) {
                Sight::Known => {}
                Sight::Anew => {
                    self.report.update(|state| state.truncated += 1);
                    unknown.push(seen);
                }
                Sight::Unknown => self.look(),
            }
        }
        if is_news {
            self.receive(unknown).await;
            let gone = self.catalog.entries().filter(|it| it.orphan_since().is_some()).count();
            let followed = self.catalog.entries().count() - gone;
            self.report.update(|state| (state.gone, state.followed) = (gone, followed));
        }
        self.settle(now);
        if let Some(interest) = self.catalog.interest()
            && let Some(scanner) = &self.scanner
        {
            // Copies of what is gone are looked for at once.
            match interest.stems.is_empty() {
                true => scanner.mind(Arc::new(interest)),
                false => scanner.look(Some(Arc::new(interest))),
            }
        }
    }

    /// Takes in files that nobody knows.
    async fn receive(&mut self, unknown: Vec<Seen>) {
        let reception = Reception { now: self.now(), at_end: self.at_end, max_line: self.max_line };
        self.newcomers.take(unknown, &mut self.catalog, reception).await;
    }

    /// Takes in a look at all folders. Returns the files that nobody knows.
    fn take_in(&mut self, listing: Listing, now: Duration) -> Vec<Seen> {
        let mut keys = HashSet::with_capacity(listing.files.len());
        let (mut unknown, mut truncated) = (Vec::new(), 0);
        let is_complete = listing.is_complete();
        for seen in listing.files {
            // A file may have several names, by links.
            if !keys.insert(seen.key) {
                continue;
            }
            match self.catalog.see(&seen, now) {
                Sight::Known => {}
                Sight::Anew => {
                    truncated += 1;
                    unknown.push(seen);
                }
                Sight::Unknown => unknown.push(seen),
            }
        }
        if is_complete {
            self.catalog.note_missing(&keys, now);
            self.newcomers.retain(|key| keys.contains(key));
        }
        let troubled = self
            .catalog
            .active()
            .filter_map(|(_, it)| Some((it.path.display().to_string(), it.trouble.clone()?)));
        let errors =
            listing.errors.into_iter().map(|(path, why)| (path.display().to_string(), why));
        let unreadable = errors.chain(troubled).take(NAMED).collect();
        self.report.update(|state| {
            state.unreadable = unreadable;
            state.listing_ms = u64::try_from(listing.took.as_millis()).unwrap_or(u64::MAX);
            state.truncated += truncated;
        });
        unknown
    }

    fn settle(&mut self, now: Duration) {
        let settled = self.catalog.settle(now);
        for file in settled.iter().filter(|it| it.lost > 0) {
            tracing::warn!(source = %self.name, path = %file.path.display(), bytes = file.lost, "the file is gone before all of it was read, and no copy of it was found");
        }
        let lost = settled.iter().filter(|it| it.lost > 0);
        let (cut, bytes) = (lost.clone().count(), lost.map(|it| it.lost).sum::<u64>());
        let (active, held) = (self.catalog.active().count(), self.newcomers.len());
        self.report.update(|state| {
            state.cut += cut as u64;
            state.cut_bytes += bytes;
            (state.active, state.held) = (active, held);
        });
    }

    /// A file has other bytes than it had, under the same path or not.
    pub(crate) async fn begin_anew(&mut self, split: &SplitId) {
        let Some(entry) = self.catalog.get(split) else { return };
        let (path, key) = (entry.path.clone(), entry.identity.key);
        let selection = Arc::clone(&self.selection);
        let seen = spawn_blocking(move || selection.look_at(&path)).await.ok().flatten();
        self.catalog.disown(split, self.now());
        self.report.update(|state| state.truncated += 1);
        match seen.filter(|seen| seen.key == key) {
            Some(seen) => self.receive(vec![seen]).await,
            None => self.look(),
        }
    }

    /// Returns when a read is likely to find something, or something was seen.
    pub(crate) async fn readable(&self) {
        let Some(scanner) = &self.scanner else { return std::future::pending().await };
        let now = self.now();
        let waits = self.catalog.waits();
        if self.catalog.active().any(|(_, entry)| entry.readable(now, waits).is_some()) {
            return;
        }
        let entries = self.catalog.active().filter_map(|(_, entry)| entry.deadline(now, waits));
        let due = entries.chain(self.newcomers.deadline(now, waits.rotate)).min();
        let waiting = async {
            match due {
                Some(at) => sleep(at.saturating_sub(now)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = scanner.told() => {}
            () = waiting => {}
        }
    }
}

//! What is known of the folder.

use std::sync::Arc;
use std::time::Duration;

use forebay_core::clock::Clock;
use forebay_core::component::Problem;
use tokio::task::spawn_blocking;

use crate::catalog::{Catalog, Entry, Heads, Note, Now, State};
use crate::config::FilesConfig;
use crate::identity;
use crate::listing::{Listing, Selection};
use crate::report::Report;
use crate::scanner::{Pace, Scanner};

/// The catalog, kept up with looks at the folder, and what is reported of both.
pub(crate) struct View {
    name: Arc<str>,
    clock: Arc<dyn Clock>,
    selection: Arc<Selection>,
    pace: Pace,
    pub(crate) catalog: Catalog,
    pub(crate) report: Report,
    scanner: Option<Scanner>,
    /// The look at the folder that the catalog knows.
    applied: Option<Arc<Listing>>,
}

impl View {
    /// A view of a folder at which nobody looks yet.
    ///
    /// # Errors
    /// If the path cannot be used as a pattern.
    pub(crate) fn new(
        config: &FilesConfig,
        name: Arc<str>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Problem> {
        let selection = Selection::new(config, config.path.clone())
            .map_err(|error| Problem::at("path", error.to_string()))?;
        let max_age = config.max_file_age.map(|age| age.0);
        Ok(Self {
            name,
            clock,
            selection: Arc::new(selection),
            pace: Pace { interval: config.scan_interval.0, settle: config.settle.0 },
            catalog: Catalog::new(config.order, config.settle.0, max_age),
            report: Report::default(),
            scanner: None,
            applied: None,
        })
    }

    /// Which files count.
    pub(crate) fn selection(&self) -> Arc<Selection> {
        Arc::clone(&self.selection)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.scanner.is_some()
    }

    /// Begins to look at the folder.
    ///
    /// # Errors
    /// Why it is not there.
    pub(crate) async fn open(&mut self) -> Result<(), String> {
        let scanner = Scanner::start(Arc::clone(&self.selection), self.pace).await;
        let missing = scanner.listings.borrow().missing();
        if let Some(why) = missing {
            scanner.stop().await;
            return Err(why);
        }
        self.scanner = Some(scanner);
        self.refresh().await;
        Ok(())
    }

    /// Asks for a look at the folder, soon.
    pub(crate) fn look(&self) {
        if let Some(scanner) = &self.scanner {
            scanner.look();
        }
    }

    /// Returns when there is a file that may be read. It may be dropped at any await.
    pub(crate) async fn readable(&mut self) {
        loop {
            self.refresh().await;
            if self.catalog.in_order().any(|(_, entry)| entry.state == State::Ready) {
                return;
            }
            let Some(scanner) = &mut self.scanner else { return std::future::pending().await };
            // Ends only with the scanner, which ends only with this.
            if scanner.listings.changed().await.is_err() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }

    /// Files that an earlier run had finished, and could not delete or move any more.
    pub(crate) fn left_behind(&self) -> Vec<Entry> {
        self.applied.as_ref().map(|listing| self.catalog.left_behind(listing)).unwrap_or_default()
    }

    pub(crate) async fn close(&mut self) {
        if let Some(scanner) = self.scanner.take() {
            scanner.stop().await;
        }
    }

    /// Milliseconds since the Unix epoch.
    pub(crate) fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    pub(crate) fn now(&self) -> Now {
        let wall = i64::try_from(self.clock.now_ms()).unwrap_or(i64::MAX);
        Now { wall: wall.saturating_mul(1_000_000), elapsed: self.clock.elapsed() }
    }

    /// Shows the catalog the last look at the folder, if it does not know it yet.
    pub(crate) async fn refresh(&mut self) {
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
}

//! When the folders are looked at.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use notify::event::ModifyKind;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::{Notify, oneshot};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, sleep_until};

use crate::listing::{Interest, Listing, Seen, Selection};

/// Pause between a hint and the look that follows it: changes come in bursts.
const BURST: Duration = Duration::from_millis(20);

/// A look at all folders takes at most one part in so many of the time.
const SHARE: u32 = 10;

/// Time between two looks at all folders where changes are not reported.
const UNREPORTED: Duration = Duration::from_secs(1);

/// Files that are looked at one by one; if more changed, all folders are looked at.
const ONE_BY_ONE: usize = 1024;

/// Looks at the folders from time to time, and at files when something changed there.
///
/// Changes that the system reports are hints and nothing more. What was written to a file leads to
/// a look at that file, all else to a look at the folders. The task ends when this is dropped;
/// [`Scanner::stop`] waits for it.
pub(crate) struct Scanner {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
    /// Dropped to end the task.
    stop: oneshot::Sender<()>,
}

#[derive(Default)]
struct Shared {
    hints: Mutex<Hints>,
    hinted: Notify,
    news: Mutex<News>,
    told: Notify,
    interest: Mutex<Arc<Interest>>,
}

#[derive(Default)]
struct Hints {
    everywhere: bool,
    files: HashSet<PathBuf>,
}

/// What was seen since it was last asked for.
#[derive(Default)]
pub(crate) struct News {
    /// All files, if the folders were looked at.
    pub(crate) listing: Option<Listing>,
    /// Files that were looked at on their own since.
    pub(crate) files: HashMap<PathBuf, Seen>,
}

impl Scanner {
    /// Looks once, and begins to look on.
    pub(crate) async fn start(
        selection: Arc<Selection>,
        interval: Duration,
        interest: Arc<Interest>,
    ) -> Self {
        let shared = Arc::new(Shared { interest: Mutex::new(interest), ..Shared::default() });
        let mut rounds = Rounds {
            selection,
            interval,
            shared: Arc::clone(&shared),
            watcher: watcher(&shared),
            watched: BTreeMap::new(),
            took: Duration::ZERO,
            looked: Instant::now(),
        };
        rounds.look_everywhere().await;
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            tokio::select! {
                () = rounds.run() => {}
                _ = stopped => {}
            }
        });
        Self { shared, task, stop }
    }

    /// Asks for a look at all folders soon, with an eye on what is of interest.
    pub(crate) fn look(&self, interest: Option<Arc<Interest>>) {
        if let Some(interest) = interest {
            *lock(&self.shared.interest) = interest;
        }
        lock(&self.shared.hints).everywhere = true;
        self.shared.hinted.notify_one();
    }

    /// What is of interest at the next look.
    pub(crate) fn mind(&self, interest: Arc<Interest>) {
        *lock(&self.shared.interest) = interest;
    }

    /// What was seen since this was last asked.
    pub(crate) fn take(&self) -> News {
        std::mem::take(&mut *lock(&self.shared.news))
    }

    /// Returns when something was seen.
    pub(crate) async fn told(&self) {
        self.shared.told.notified().await;
    }

    /// Ends the task and waits for it.
    pub(crate) async fn stop(self) {
        drop(self.stop);
        if let Err(error) = self.task.await {
            tracing::warn!(%error, "the scanner of folders ended in an odd way");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Rounds {
    selection: Arc<Selection>,
    interval: Duration,
    shared: Arc<Shared>,
    watcher: Option<RecommendedWatcher>,
    /// The folders, and whether changes in them are reported.
    watched: BTreeMap<PathBuf, bool>,
    took: Duration,
    looked: Instant,
}

impl Rounds {
    async fn run(mut self) {
        loop {
            let is_reported = self.watched.values().all(|is_watched| *is_watched);
            let interval = if is_reported { self.interval } else { self.interval.min(UNREPORTED) };
            let due = self.looked + interval;
            tokio::select! {
                () = sleep_until(due) => {}
                () = self.shared.hinted.notified() => {}
            }
            sleep_until(Instant::now() + BURST).await;
            let everywhere = lock(&self.shared.hints).everywhere || Instant::now() >= due;
            if everywhere {
                sleep_until(self.looked + self.took * SHARE).await;
                self.look_everywhere().await;
            } else {
                self.look_at_files().await;
            }
        }
    }

    async fn look_everywhere(&mut self) {
        *lock(&self.shared.hints) = Hints::default();
        let selection = Arc::clone(&self.selection);
        let interest = Arc::clone(&lock(&self.shared.interest));
        let listing = spawn_blocking(move || selection.list(&interest)).await;
        let listing = listing.unwrap_or_else(|error| Listing {
            errors: [(Path::new("").to_owned(), error.to_string())].into(),
            ..Listing::default()
        });
        self.took = listing.took;
        self.looked = Instant::now();
        let is_new = self.watch(&listing.folders);
        {
            let mut news = lock(&self.shared.news);
            news.files.clear();
            news.listing = Some(listing);
        }
        self.shared.told.notify_one();
        if is_new {
            // Something may have changed between the look and the watch.
            lock(&self.shared.hints).everywhere = true;
            self.shared.hinted.notify_one();
        }
    }

    async fn look_at_files(&mut self) {
        let files = std::mem::take(&mut lock(&self.shared.hints).files);
        if files.is_empty() {
            return;
        }
        let selection = Arc::clone(&self.selection);
        let looked = spawn_blocking(move || {
            let look = |path: PathBuf| (selection.look_at(&path), path);
            files.into_iter().map(look).collect::<Vec<_>>()
        });
        let Ok(looked) = looked.await else { return };
        if looked.iter().any(|(seen, _)| seen.is_none()) {
            lock(&self.shared.hints).everywhere = true;
            self.shared.hinted.notify_one();
        }
        let seen = looked.into_iter().filter_map(|(seen, path)| Some((path, seen?)));
        lock(&self.shared.news).files.extend(seen);
        self.shared.told.notify_one();
    }

    /// Watches folders that are not watched yet. Says whether there were some.
    fn watch(&mut self, folders: &[PathBuf]) -> bool {
        let there: BTreeSet<&PathBuf> = folders.iter().collect();
        self.watched.retain(|folder, _| there.contains(folder));
        let mut is_new = false;
        for folder in
            folders.iter().filter(|folder| !self.watched.contains_key(*folder)).collect::<Vec<_>>()
        {
            let place = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            let begun = match &mut self.watcher {
                Some(watcher) => {
                    watcher.watch(place, RecursiveMode::NonRecursive).map_err(|it| it.to_string())
                }
                None => Err("the system does not report changes".to_owned()),
            };
            if let Err(error) = &begun {
                tracing::warn!(folder = %folder.display(), %error, "changes are not reported for this folder: it is looked at each second");
            }
            is_new |= begun.is_ok();
            self.watched.insert(folder.clone(), begun.is_ok());
        }
        is_new
    }
}

fn watcher(shared: &Arc<Shared>) -> Option<RecommendedWatcher> {
    let shared = Arc::clone(shared);
    let heard = move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else {
            lock(&shared.hints).everywhere = true;
            return shared.hinted.notify_one();
        };
        // Reading a file is an event, too, and must not lead to looking again.
        if event.kind.is_access() {
            return;
        }
        {
            let mut hints = lock(&shared.hints);
            let is_written = matches!(
                event.kind,
                EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Metadata(_) | ModifyKind::Any)
            );
            if is_written && hints.files.len() < ONE_BY_ONE {
                hints.files.extend(event.paths);
            } else {
                hints.everywhere = true;
            }
        }
        shared.hinted.notify_one();
    };
    notify::recommended_watcher(heard)
        .inspect_err(|error| tracing::warn!(%error, "changes of files are not reported"))
        .ok()
}

//! When the folder is looked at.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use crate::listing::{Listing, Selection};

/// Pause between a hint and the look that follows it: changes come in bursts.
const BURST: Duration = Duration::from_millis(50);

/// A look takes at most one part in so many of the time.
const SHARE: u32 = 10;

/// Looks at the folder from time to time, and when something changed there.
///
/// Changes that the system reports are hints and nothing more: a look at the whole folder tells
/// what is there. The task ends when this is dropped; [`Scanner::stop`] waits for it.
pub(crate) struct Scanner {
    pub(crate) listings: watch::Receiver<Arc<Listing>>,
    hint: Arc<Notify>,
    task: JoinHandle<()>,
    /// Dropped to end the task.
    stop: oneshot::Sender<()>,
}

/// How often to look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) interval: Duration,
    pub(crate) settle: Duration,
}

impl Scanner {
    /// Looks once, and begins to look on.
    pub(crate) async fn start(selection: Arc<Selection>, pace: Pace) -> Self {
        let hint = Arc::new(Notify::new());
        // The watch begins before the first look, so that nothing falls between.
        let watcher = watch(&selection, Arc::clone(&hint));
        let first = look(&selection).await;
        let (sender, listings) = watch::channel(first);
        let (stop, stopped) = oneshot::channel();
        let looking = run(selection, pace, Arc::clone(&hint), sender, watcher);
        let task = tokio::spawn(async move {
            tokio::select! {
                () = looking => {}
                _ = stopped => {}
            }
        });
        Self { listings, hint, task, stop }
    }

    /// Asks for a look soon.
    pub(crate) fn look(&self) {
        self.hint.notify_one();
    }

    /// Ends the task and waits for it.
    pub(crate) async fn stop(self) {
        drop(self.stop);
        if let Err(error) = self.task.await {
            tracing::warn!(%error, "the scanner of a folder ended in an odd way");
        }
    }
}

async fn run(
    selection: Arc<Selection>,
    pace: Pace,
    hint: Arc<Notify>,
    listings: watch::Sender<Arc<Listing>>,
    _watcher: Option<RecommendedWatcher>,
) {
    loop {
        let now = Instant::now();
        let (took, unsettled) = {
            let last = listings.borrow();
            (last.took, pace.settle > Duration::ZERO && last.is_busy(pace.settle))
        };
        let soonest = now + BURST.max(took * SHARE);
        let wait = if unsettled { pace.settle.min(pace.interval) } else { pace.interval };
        tokio::select! {
            () = sleep_until(now + wait) => {}
            () = hint.notified() => {}
        }
        sleep_until(soonest).await;
        if listings.send(look(&selection).await).is_err() {
            return;
        }
    }
}

async fn look(selection: &Arc<Selection>) -> Arc<Listing> {
    let selection = Arc::clone(selection);
    let listing = tokio::task::spawn_blocking(move || selection.list()).await;
    Arc::new(listing.unwrap_or_else(|error| Listing {
        errors: [(Path::new("").to_owned(), error.to_string())].into(),
        ..Listing::default()
    }))
}

fn watch(selection: &Selection, hint: Arc<Notify>) -> Option<RecommendedWatcher> {
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Reading a file is an event, too, and must not lead to looking again.
        if event.is_ok_and(|event| !event.kind.is_access()) {
            hint.notify_one();
        }
    });
    let mode =
        if selection.is_deep() { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
    let started = watcher.and_then(|mut watcher| {
        watcher.watch(selection.base(), mode)?;
        Ok(watcher)
    });
    match started {
        Ok(watcher) => Some(watcher),
        Err(error) => {
            let folder = selection.base().display();
            tracing::warn!(%folder, %error, "changes are not reported for this folder: it is looked at from time to time only");
            None
        }
    }
}

//! What an attempt has under way.

use std::panic::AssertUnwindSafe;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio::task::JoinSet;

use super::Done;

/// Raw bytes of a batch up to which it is worked on in place.
const SMALL_BYTES: u64 = 32 * 1024;

/// What an attempt has under way: futures that are lent something and give it back in a [`Done`].
///
/// Large batches get tasks of their own, so that they overlap. A small one is worked on within
/// the coordinator's task, between its decisions: handing it from thread to thread would cost
/// several times what the work costs.
pub(super) struct Work {
    tasks: JoinSet<Done>,
    here: FuturesUnordered<BoxFuture<'static, Result<Done, String>>>,
}

/// Where something is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Desk {
    /// Within the coordinator's task.
    Here,
    /// In a task of its own.
    Task,
}

impl Desk {
    /// The place for a batch of so many raw bytes.
    pub(super) fn of(bytes: u64) -> Self {
        if bytes <= SMALL_BYTES { Self::Here } else { Self::Task }
    }
}

impl Work {
    pub(super) fn new() -> Self {
        Self { tasks: JoinSet::new(), here: FuturesUnordered::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty() && self.here.is_empty()
    }

    pub(super) fn start(&mut self, desk: Desk, work: impl Future<Output = Done> + Send + 'static) {
        match desk {
            Desk::Task => {
                self.tasks.spawn(work);
            }
            Desk::Here => self.here.push(Box::pin(async move {
                let done = AssertUnwindSafe(work).catch_unwind().await;
                done.map_err(|panic| words(panic.as_ref()))
            })),
        }
    }

    /// What is done next, or how its task broke down; `None` if nothing is under way. Nothing is
    /// lost if this is dropped.
    pub(super) async fn next(&mut self) -> Option<Result<Done, String>> {
        tokio::select! {
            biased;
            Some(done) = self.here.next(), if !self.here.is_empty() => Some(done),
            Some(done) = self.tasks.join_next(), if !self.tasks.is_empty() => {
                Some(done.map_err(|error| error.to_string()))
            }
            else => None,
        }
    }

    /// Breaks off everything.
    pub(super) async fn shutdown(&mut self) {
        self.here.clear();
        self.tasks.shutdown().await;
    }
}

/// What a panic says.
fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".to_owned())
}

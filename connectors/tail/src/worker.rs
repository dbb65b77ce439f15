//! Reading files in threads that may block.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use forebay_core::SplitId;
use tokio::task::{JoinError, JoinSet};

use crate::cutter::Limits;
use crate::reader::{Failure, Manner, Open, Portion, Wanted};

/// Files that are read at once, at most, however many processors there are.
const MOST_AT_ONCE: usize = 8;

/// A file to read from.
pub(crate) struct Job {
    pub(crate) split: SplitId,
    pub(crate) generation: u64,
    pub(crate) wanted: Wanted,
    pub(crate) limits: Limits,
    pub(crate) open: Option<Open>,
}

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) split: SplitId,
    pub(crate) generation: u64,
    pub(crate) wanted: Wanted,
    pub(crate) portion: Result<Portion, Failure>,
}

/// Reads from several files at once. Says in their order what came of those that were read from
/// before their deadline; the others come back as they were. Files that are open stay so, and `more`
/// of those that were not; the rest is closed as soon as it was read.
///
/// # Errors
/// A thread broke off.
pub(crate) async fn work(
    manner: &Arc<Manner>,
    jobs: Vec<Job>,
    more: usize,
) -> Result<(Vec<Outcome>, Vec<Job>), JoinError> {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let at_once = processors.min(MOST_AT_ONCE).min(jobs.len());
    let queue = jobs.into_iter().enumerate().collect::<Vec<_>>().into_iter();
    let queue = Arc::new(Mutex::new(queue));
    let more = Arc::new(AtomicUsize::new(more));
    let mut lanes = JoinSet::new();
    for _ in 0..at_once {
        let (manner, queue, more) = (Arc::clone(manner), Arc::clone(&queue), Arc::clone(&more));
        lanes.spawn_blocking(move || {
            let mut outcomes = Vec::new();
            loop {
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some((index, job)) = next else { return (outcomes, None) };
                let late = |at| std::time::Instant::now() >= at;
                if job.limits.deadline.is_some_and(late) {
                    return (outcomes, Some(job));
                }
                let Job { split, generation, wanted, limits, open } = job;
                let may_stay =
                    || more.fetch_update(Relaxed, Relaxed, |it| it.checked_sub(1)).is_ok();
                let was_open = open.is_some();
                let mut portion = manner.read(&wanted, open, &limits);
                if let Ok(portion) = &mut portion
                    && portion.open.is_some()
                    && !was_open
                    && !may_stay()
                {
                    portion.open = None;
                }
                outcomes.push((index, Outcome { split, generation, wanted, portion }));
            }
        });
    }
    let (mut outcomes, mut unread) = (Vec::new(), Vec::new());
    while let Some(lane) = lanes.join_next().await {
        let (done, left) = lane?;
        outcomes.extend(done);
        unread.extend(left);
    }
    unread
        .extend(queue.lock().unwrap_or_else(PoisonError::into_inner).by_ref().map(|(_, job)| job));
    outcomes.sort_by_key(|(index, _)| *index);
    Ok((outcomes.into_iter().map(|(_, outcome)| outcome).collect(), unread))
}

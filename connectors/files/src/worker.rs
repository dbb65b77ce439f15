//! Reading files in threads that may block.

use std::num::NonZero;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use forebay_core::batch::Slice;
use forebay_core::split::Grant;
use forebay_core::{Range, SplitId};
use tokio::task::{JoinError, JoinSet};

use crate::identity::Stamp;
use crate::lines::Limits;
use crate::reader::{Failure, Manner, Reader};

/// Files that are read at once, at most, however many processors there are.
const MOST_AT_ONCE: usize = 8;

/// A file to read from.
pub(crate) struct Job {
    pub(crate) grant: Grant,
    pub(crate) path: PathBuf,
    pub(crate) stamp: Stamp,
    pub(crate) from: u64,
    pub(crate) until: Option<u64>,
    /// The file, if it is open where the last read ended.
    pub(crate) open: Option<Reader>,
}

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) split: SplitId,
    pub(crate) slice: Option<Slice>,
    pub(crate) ended: bool,
    pub(crate) position: u64,
    pub(crate) failure: Option<Failure>,
    /// The file, open where this read ended; none if there is nothing more to read.
    pub(crate) reader: Option<Reader>,
    /// How many records the file has, if it says so itself.
    pub(crate) total: Option<u64>,
}

/// What reading a batch needs.
pub(crate) struct Worker {
    pub(crate) manner: Manner,
    pub(crate) name: Arc<str>,
    /// Bytes of all files together, if they are bounded: who comes first gets them, so files are
    /// then read one after the other.
    pub(crate) max_bytes: Option<u64>,
    pub(crate) deadline: Option<Instant>,
}

/// Files that nobody reads from yet, and the bytes that are left for them.
struct Queue {
    jobs: std::vec::IntoIter<(usize, Job)>,
    left: u64,
}

impl Worker {
    /// Reads from several files at once, and says in their order what came of those that were
    /// read from before the deadline. The others come back as they were.
    ///
    /// # Errors
    /// A thread broke off.
    pub(crate) async fn run(self, jobs: Vec<Job>) -> Result<(Vec<Outcome>, Vec<Job>), JoinError> {
        let at_once = match self.max_bytes {
            Some(_) => 1,
            None => {
                let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
                processors.min(MOST_AT_ONCE).min(jobs.len())
            }
        };
        let left = self.max_bytes.unwrap_or(u64::MAX);
        let jobs = jobs.into_iter().enumerate().collect::<Vec<_>>().into_iter();
        let queue = Arc::new(Mutex::new(Queue { jobs, left }));
        let worker = Arc::new(self);
        let mut lanes = JoinSet::new();
        for _ in 0..at_once {
            let (worker, queue) = (Arc::clone(&worker), Arc::clone(&queue));
            lanes.spawn_blocking(move || worker.work_through(&queue));
        }
        let mut outcomes = Vec::new();
        while let Some(lane) = lanes.join_next().await {
            outcomes.extend(lane?);
        }
        outcomes.sort_by_key(|(index, _)| *index);
        let outcomes = outcomes.into_iter().map(|(_, outcome)| outcome).collect();
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        let unread = queue.jobs.by_ref().map(|(_, job)| job).collect();
        Ok((outcomes, unread))
    }

    fn work_through(&self, queue: &Mutex<Queue>) -> Vec<(usize, Outcome)> {
        let lock = || queue.lock().unwrap_or_else(PoisonError::into_inner);
        let mut outcomes = Vec::new();
        loop {
            let mut waiting = lock();
            let late = self.deadline.is_some_and(|at| Instant::now() >= at);
            if late || waiting.left == 0 {
                return outcomes;
            }
            let Some((index, job)) = waiting.jobs.next() else { return outcomes };
            let left = waiting.left;
            drop(waiting);
            let outcome = self.read(job, left);
            if self.max_bytes.is_some() {
                let taken = outcome.slice.as_ref().map_or(0, |it| it.range.bytes);
                lock().left = left.saturating_sub(taken);
            }
            outcomes.push((index, outcome));
        }
    }

    fn read(&self, job: Job, bytes: u64) -> Outcome {
        let split = job.grant.split;
        let limits = Limits {
            records: job.grant.records,
            bytes: job.grant.bytes.min(bytes),
            until: job.until,
            deadline: self.deadline,
        };
        let range = Range {
            source: Arc::clone(&self.name),
            split: split.clone(),
            generation: job.grant.generation,
            from: job.from.into(),
            until: job.from.into(),
            records: 0,
            bytes: 0,
            last: false,
        };
        let mut outcome = Outcome {
            split,
            slice: None,
            ended: false,
            position: job.from,
            failure: None,
            reader: None,
            total: None,
        };
        let open = job.open.filter(|it| it.position() == job.from && it.is_of(job.stamp));
        let reader = match open {
            Some(reader) => Ok(reader),
            None => Reader::open(&self.manner, job.path, job.stamp, job.from),
        };
        match reader.and_then(|mut reader| Ok((reader.read(&limits, &range)?, reader))) {
            Ok((read, reader)) => {
                outcome.slice = read.slice;
                outcome.ended = read.ended;
                outcome.total = reader.total();
                if outcome.slice.is_some() {
                    outcome.position = reader.position();
                }
                outcome.reader = (!read.ended).then_some(reader);
            }
            Err(failure) => outcome.failure = Some(failure),
        }
        outcome
    }
}

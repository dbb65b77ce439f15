//! Reading files in a thread that may block.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use forebay_core::batch::Slice;
use forebay_core::split::Grant;
use forebay_core::{Range, SplitId};

use crate::identity::Stamp;
use crate::lines::Limits;
use crate::reader::{Failure, Manner, Reader};

/// A file to read from.
pub(crate) struct Job {
    pub(crate) grant: Grant,
    pub(crate) path: PathBuf,
    pub(crate) stamp: Stamp,
    pub(crate) from: u64,
    pub(crate) until: Option<u64>,
}

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) split: SplitId,
    pub(crate) slice: Option<Slice>,
    pub(crate) ended: bool,
    pub(crate) position: u64,
    pub(crate) failure: Option<Failure>,
}

/// What a blocking thread needs to read files.
pub(crate) struct Worker {
    pub(crate) manner: Manner,
    pub(crate) name: Arc<str>,
    pub(crate) readers: HashMap<SplitId, Reader>,
    pub(crate) max_bytes: u64,
    pub(crate) deadline: Option<std::time::Instant>,
}

impl Worker {
    pub(crate) fn run(&mut self, jobs: Vec<Job>) -> Vec<Outcome> {
        let mut left = self.max_bytes;
        let mut outcomes = Vec::new();
        for job in jobs {
            let late = self.deadline.is_some_and(|at| std::time::Instant::now() >= at);
            if late || left == 0 {
                break;
            }
            let outcome = self.read(&job, left);
            left = left.saturating_sub(outcome.slice.as_ref().map_or(0, |it| it.range.bytes));
            outcomes.push(outcome);
        }
        outcomes
    }

    fn read(&mut self, job: &Job, bytes: u64) -> Outcome {
        let split = &job.grant.split;
        let mut outcome = Outcome {
            split: split.clone(),
            slice: None,
            ended: false,
            position: job.from,
            failure: None,
        };
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
        let open = self.readers.remove(split);
        let open = open.filter(|it| it.position() == job.from && it.is_of(job.stamp));
        let reader = match open {
            Some(reader) => Ok(reader),
            None => Reader::open(&self.manner, job.path.clone(), job.stamp, job.from),
        };
        let read = reader.and_then(|mut reader| Ok((reader.read(&limits, &range)?, reader)));
        match read {
            Ok((read, reader)) => {
                outcome.slice = read.slice;
                outcome.ended = read.ended;
                if outcome.slice.is_some() {
                    outcome.position = reader.position();
                }
                if !read.ended {
                    self.readers.insert(split.clone(), reader);
                }
            }
            Err(failure) => outcome.failure = Some(failure),
        }
        outcome
    }
}

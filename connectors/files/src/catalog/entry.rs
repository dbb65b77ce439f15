//! A file that is not finished yet.

use std::path::PathBuf;

use crate::identity::{Identity, Stamp};

/// A file that is not finished yet.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) identity: Identity,
    pub(crate) path: PathBuf,
    /// What it looked like last.
    pub(crate) stamp: Stamp,
    /// Everything before this was read; none if nothing ever was.
    pub(crate) position: Option<u64>,
    /// Everything before this is committed.
    pub(super) committed: u64,
    pub(crate) state: State,
    /// Why it could not be read last time.
    pub(super) complaint: Option<String>,
    /// Mean bytes of the lines that were read of it last.
    pub(crate) line: Option<f64>,
    /// How many records it has, if it says so itself.
    pub(crate) total: Option<u64>,
}

impl Entry {
    /// A file of which everything before `position` was read and committed.
    pub(crate) fn new(
        identity: Identity,
        path: PathBuf,
        stamp: Stamp,
        position: Option<u64>,
        state: State,
    ) -> Self {
        Self {
            identity,
            path,
            stamp,
            position,
            committed: position.unwrap_or(0),
            state,
            complaint: None,
            line: None,
            total: None,
        }
    }
}

/// What may be done with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It may be read.
    Ready,
    /// It was written to after it seemed complete.
    Busy,
    /// It could not be read: tried again after the next look at the folder.
    Unreadable,
    /// It was read to its end, which is here.
    Ended(u64),
    /// Its unread rest is gone; it ends here.
    Cut(u64),
}

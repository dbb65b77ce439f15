//! Which files are taken, and in which order.
//!
//! [`Catalog`] is what is known of the files that are there, each an [`Entry`]; `seeing` is what a
//! look at the folder changes, `reading` what reading and committing change.

mod entry;
mod look;
mod reading;
mod seeing;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use forebay_core::SplitId;

use crate::config::Order;
use crate::identity::{Identity, Stamp};
use crate::listing::{Found, Listing};
use crate::remembered::{CLOCK_MARGIN, Remembered};

pub(crate) use entry::{Entry, State};
pub(crate) use look::{Heads, Note, Now};

/// The files that are there, and what is known of them. It does no I/O: it is shown listings of
/// the folder, digests of first bytes and the time.
#[derive(Debug)]
pub(crate) struct Catalog {
    order: Order,
    settle: Duration,
    max_age: Option<Duration>,
    files: BTreeMap<SplitId, Entry>,
    by_name: HashMap<Arc<str>, SplitId>,
    /// Time of modification, name, split.
    queue: BTreeSet<(i64, Arc<str>, SplitId)>,
    pub(crate) remembered: Remembered,
    /// Files that are not quiet yet, and since when they look as they do.
    unsettled: HashMap<Arc<str>, (Stamp, Duration)>,
    /// What the checkpoint knows of files that were not found yet.
    resumed: HashMap<Arc<str>, (SplitId, Identity, u64)>,
    /// Files whose first bytes could not be read, and why.
    unopened: BTreeMap<PathBuf, String>,
    /// Where the base was when it was looked at first.
    base: Option<(u64, u64)>,
}

impl Catalog {
    pub(crate) fn new(order: Order, settle: Duration, max_age: Option<Duration>) -> Self {
        Self {
            order,
            settle,
            max_age,
            files: BTreeMap::new(),
            by_name: HashMap::new(),
            queue: BTreeSet::new(),
            remembered: Remembered::default(),
            unsettled: HashMap::new(),
            resumed: HashMap::new(),
            unopened: BTreeMap::new(),
            base: None,
        }
    }

    /// Forgets everything: what the checkpoint knows is told anew.
    pub(crate) fn start_over(&mut self) {
        *self = Self::new(self.order, self.settle, self.max_age);
    }

    /// What the checkpoint knows: the name and committed position of an unfinished split.
    pub(crate) fn resume(&mut self, split: &SplitId, position: u64) -> Option<()> {
        let identity = Identity::parse(split)?;
        self.resumed.insert(Arc::clone(&identity.name), (split.clone(), identity, position));
        Some(())
    }

    /// What the checkpoint knows: the name of a finished split.
    pub(crate) fn resume_finished(&mut self, split: &SplitId) -> Option<()> {
        let identity = Identity::parse(split)?;
        let stamp = identity.stamp;
        self.remembered.add(split.clone(), identity, stamp, false);
        Some(())
    }

    pub(crate) fn get(&self, split: &SplitId) -> Option<&Entry> {
        self.files.get(split)
    }

    /// All files that are not finished, in the order in which they are to be read.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = (&SplitId, &Entry)> {
        let newest = self.order == Order::Newest;
        let (forward, backward) = (self.queue.iter(), self.queue.iter().rev());
        let oldest_first = forward.take(if newest { 0 } else { usize::MAX });
        let newest_first = backward.take(if newest { usize::MAX } else { 0 });
        let splits = oldest_first.chain(newest_first).map(|(_, _, split)| split);
        splits.filter_map(|split| self.files.get_key_value(split))
    }

    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    pub(crate) fn unsettled(&self) -> usize {
        self.unsettled.len()
    }

    /// Files that cannot be read, and why.
    pub(crate) fn unreadable(&self) -> impl Iterator<Item = (&Path, &str)> {
        let reasons = self
            .files
            .values()
            .filter_map(|entry| Some((entry.path.as_path(), entry.complaint.as_deref()?)));
        self.unopened.iter().map(|(path, why)| (path.as_path(), why.as_str())).chain(reasons)
    }

    /// Files that were finished by an earlier run, which ended before they could be deleted or
    /// moved.
    pub(crate) fn left_behind(&self, listing: &Listing) -> Vec<Entry> {
        let entry = |found: &Found| {
            let identity = self.remembered.still_there(&found.name, found.stamp)?.clone();
            let end = identity.stamp.size;
            let state = State::Ended(end);
            Some(Entry::new(identity, found.path.clone(), found.stamp, Some(end), state))
        };
        listing.files.iter().filter_map(entry).collect()
    }

    /// Finished splits that cannot come again.
    pub(crate) fn forget(&mut self, now: Now) -> Vec<SplitId> {
        self.remembered.forget(now.elapsed, self.too_old(now, CLOCK_MARGIN))
    }

    fn insert(
        &mut self,
        split: SplitId,
        identity: Identity,
        found: &Found,
        position: Option<u64>,
        state: State,
    ) {
        self.by_name.insert(Arc::clone(&identity.name), split.clone());
        self.queue.insert((identity.stamp.modified, Arc::clone(&identity.name), split.clone()));
        let entry = Entry::new(identity, found.path.clone(), found.stamp, position, state);
        self.files.insert(split, entry);
    }

    fn remove(&mut self, split: &SplitId) -> Option<Entry> {
        let entry = self.files.remove(split)?;
        let Identity { name, stamp, .. } = &entry.identity;
        self.queue.remove(&(stamp.modified, Arc::clone(name), split.clone()));
        if self.by_name.get(name) == Some(split) {
            self.by_name.remove(name);
        }
        Some(entry)
    }
}

//! What reading and committing change.

use std::path::Path;
use std::sync::Arc;

use forebay_core::SplitId;

use super::{Catalog, Entry, State};
use crate::identity::Identity;
use crate::listing::Found;

impl Catalog {
    /// A split that was read before the last stop, and may bear an older name than the file
    /// would get now. Says where the file is.
    pub(crate) fn adopt(&mut self, split: &SplitId) -> Option<&Entry> {
        if !self.files.contains_key(split) {
            let identity = Identity::parse(split)?;
            let other = self.by_name.get(&identity.name)?.clone();
            let entry = self.files.get(&other)?;
            let same = entry.stamp.same_content(&identity.stamp)
                || (entry.stamp.may_have_grown_from(&identity.stamp)
                    && entry.identity.head == identity.head);
            if !same || entry.position.is_some() {
                return None;
            }
            let entry = self.remove(&other)?;
            let found =
                Found { path: entry.path, name: Arc::clone(&identity.name), stamp: entry.stamp };
            self.insert(split.clone(), identity, &found, None, entry.state);
        }
        self.files.get(split)
    }

    /// The engine will read a split from here on.
    pub(crate) fn at(&mut self, split: &SplitId, position: u64) {
        let Some(entry) = self.files.get_mut(split) else { return };
        if position > 0 {
            entry.position = Some(position);
        }
        if matches!(entry.state, State::Ended(end) if position < end) {
            entry.state = State::Ready;
        }
    }

    /// A split was read up to here, or found to end here. If it ended with nothing left to commit, it is finished at
    /// once, and is returned.
    pub(crate) fn read(&mut self, split: &SplitId, position: u64, ended: bool) -> Option<Entry> {
        let entry = self.files.get_mut(split)?;
        entry.complaint = None;
        if position > 0 {
            entry.position = Some(position);
        }
        if ended {
            entry.state = State::Ended(position);
        }
        self.settle_end(split)
    }

    /// What reading a file told of it: the mean bytes of its lines, and how many records it has.
    pub(crate) fn learn(&mut self, split: &SplitId, line: Option<f64>, total: Option<u64>) {
        if let Some(entry) = self.files.get_mut(split) {
            entry.line = line.or(entry.line);
            entry.total = total;
        }
    }

    /// A file is not what it was when the folder was looked at.
    pub(crate) fn set_busy(&mut self, split: &SplitId) {
        if let Some(entry) = self.files.get_mut(split) {
            entry.state = State::Busy;
        }
    }

    /// A file cannot be read. Says which, if that is news.
    pub(crate) fn set_unreadable(&mut self, split: &SplitId, why: &str) -> Option<&Path> {
        let entry = self.files.get_mut(split)?;
        entry.state = State::Unreadable;
        let is_news = entry.complaint.as_deref() != Some(why);
        entry.complaint = Some(why.to_owned());
        is_news.then_some(entry.path.as_path())
    }

    /// Everything before `position` is committed. A split that is finished by that is returned.
    pub(crate) fn commit(
        &mut self,
        split: &SplitId,
        position: u64,
        finished: bool,
    ) -> Option<Entry> {
        let entry = self.files.get_mut(split)?;
        entry.committed = entry.committed.max(position);
        if finished && !matches!(entry.state, State::Cut(_)) {
            entry.state = State::Ended(position);
        }
        self.settle_end(split)
    }

    /// Removes a split that is over, and remembers it, once all of it is committed.
    pub(super) fn settle_end(&mut self, split: &SplitId) -> Option<Entry> {
        let entry = self.files.get(split)?;
        let (State::Ended(end) | State::Cut(end)) = entry.state else { return None };
        if entry.committed < end {
            return None;
        }
        let entry = self.remove(split)?;
        let is_cut = matches!(entry.state, State::Cut(_));
        self.remembered.add(split.clone(), entry.identity.clone(), entry.stamp, is_cut);
        (!is_cut).then_some(entry)
    }
}

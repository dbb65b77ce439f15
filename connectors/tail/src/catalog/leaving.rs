//! Files that are gone.

use std::path::PathBuf;
use std::time::Duration;

use forebay_core::SplitId;

use super::entry::{Entry, Fate};
use super::files::Catalog;
use crate::identity::FileKey;
use crate::mark::Mark;

/// A file that is gone for good, and how much of it was never read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Settled {
    pub(crate) path: PathBuf,
    /// Bytes that are lost.
    pub(crate) lost: u64,
}

impl Catalog {
    /// A copy has what is left of a file: it is read on where the file was.
    pub(crate) fn inherit(&mut self, from: &SplitId, heir: SplitId) -> Mark {
        let mark = self.get(from).map_or(Mark::START, |entry| entry.mark);
        self.change(from, |entry| (entry.heir, entry.is_settled) = (Some(heir), true));
        self.is_news = true;
        mark
    }

    /// A file was read up to a mark after its copy was found, or has to be read again from there:
    /// the copy begins there, if `moves` says so of where it begins now and nothing of it is
    /// committed.
    pub(crate) fn pass_on(&mut self, split: &SplitId, moves: impl Fn(u64) -> bool, mark: Mark) {
        let Some(heir) = self.get(split).and_then(|entry| entry.heir.clone()) else { return };
        self.change(&heir, |heir| {
            if heir.is_saved || heir.mark != heir.start || !moves(heir.start.offset) {
                return;
            }
            heir.start = if heir.is_compressed() { Mark::bare(mark.offset) } else { mark };
            heir.mark = heir.start;
        });
    }

    /// What was planned of a file was read from a copy of it: if nothing else was read of the copy,
    /// it begins behind that.
    pub(crate) fn was_copied(&mut self, split: &SplitId, copy: FileKey, until: Mark) {
        let Some(other) = self.by_key.get(&copy).filter(|other| *other != split).cloned() else {
            return;
        };
        let is_fresh = self.get(&other).is_some_and(|it| !it.is_saved && it.mark == it.start);
        if is_fresh {
            self.change(split, |entry| entry.heir = Some(other));
            self.pass_on(split, |start| start < until.offset, until);
        }
    }

    /// A file is found under another number of its device.
    pub(crate) fn rekey(&mut self, split: &SplitId, key: FileKey) {
        if let Some(entry) = self.files.get_mut(split) {
            self.by_key.remove(&entry.identity.key);
            entry.identity.key = key;
            self.by_key.insert(key, split.clone());
        }
    }

    /// Files that are gone for so long that no copy will come, and of which all is read that can
    /// be. Each is named once.
    pub(crate) fn settle(&mut self, now: Duration) -> Vec<Settled> {
        let rotate = self.waits.rotate;
        let due = |entry: &Entry| {
            let since = entry.orphan_since().filter(|_| !entry.is_settled)?;
            let is_late = now >= since.max(entry.changed) + rotate;
            let may_be_read = entry.has_rest() && entry.readable(now, &self.waits).is_some();
            (is_late && !may_be_read).then_some(())
        };
        let late: Vec<SplitId> = self
            .active()
            .filter(|(_, entry)| due(entry).is_some())
            .map(|(split, _)| split.clone())
            .collect();
        let mut settled = Vec::new();
        for split in late {
            self.change(&split, |entry| {
                entry.is_settled = true;
                let lost = entry.size.saturating_sub(entry.mark.offset);
                settled.push(Settled { path: entry.path.clone(), lost });
            });
            self.is_news = true;
        }
        settled
    }

    /// Takes out the files that are gone and need not be remembered. Names those that the
    /// checkpoint knows.
    pub(crate) fn forget(&mut self, now: Duration) -> Vec<SplitId> {
        let is_late = |since: Duration| now >= since + self.waits.forget;
        let forgotten: Vec<SplitId> = self
            .files
            .iter()
            .filter(|(_, entry)| {
                // Until its copy is in the checkpoint itself, it is what tells the copy.
                let is_needed = entry.heir.as_ref().is_some_and(|heir| {
                    self.files.get(heir).is_some_and(|it| {
                        !it.is_saved && matches!(it.fate, Fate::Alive | Fate::Finished(None))
                    })
                });
                let since = match entry.fate {
                    Fate::Gone(since) | Fate::Anew(since) if entry.is_settled => Some(since),
                    Fate::Finished(since) => since,
                    _ => None,
                };
                since.is_some_and(is_late) && entry.unsaved.is_none() && !is_needed
            })
            .map(|(split, _)| split.clone())
            .collect();
        let mut named = Vec::new();
        for split in forgotten {
            if self.files.get(&split).is_some_and(|entry| entry.is_saved) {
                named.push(split.clone());
            }
            self.remove(&split);
            self.lives += 1;
        }
        named
    }
}

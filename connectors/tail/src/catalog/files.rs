//! All files.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::time::Duration;

use forebay_core::SplitId;

use super::entry::{Entry, Fate, Waits};
use crate::divider::Ending;
use crate::head::Head;
use crate::identity::{FileKey, Identity, Life};
use crate::listing::{Seen, stem};
use crate::mark::Mark;

/// All files that are followed, were read, or are gone and not forgotten.
pub(crate) struct Catalog {
    pub(super) files: HashMap<SplitId, Entry>,
    /// The split that a file is now.
    pub(super) by_key: HashMap<FileKey, SplitId>,
    /// With what each begins, if that is known and it did not change since.
    pub(super) by_stem: HashMap<String, BTreeMap<SplitId, Option<Head>>>,
    /// Files of which something is left, or is not committed, or that are not settled.
    pub(super) active: BTreeSet<SplitId>,
    pub(super) waits: Waits,
    /// How often an inode was begun anew, at most; no number is used twice.
    pub(super) lives: u32,
    /// Whether what is of interest changed since it was asked for.
    pub(super) is_news: bool,
}

/// What a file is that was seen.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    Known,
    /// It is not what it was: it was truncated, or another has its inode now.
    Anew,
    Unknown,
}

impl Catalog {
    pub(crate) fn new(waits: Waits) -> Self {
        Self {
            files: HashMap::new(),
            by_key: HashMap::new(),
            by_stem: HashMap::new(),
            active: BTreeSet::new(),
            waits,
            lives: 0,
            is_news: true,
        }
    }

    pub(crate) fn waits(&self) -> &Waits {
        &self.waits
    }

    pub(crate) fn get(&self, split: &SplitId) -> Option<&Entry> {
        self.files.get(split)
    }

    /// Whether a file is one of the splits.
    pub(crate) fn is_known(&self, key: &FileKey) -> bool {
        self.by_key.contains_key(key)
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.files.values()
    }

    /// Files of which something is left or not committed, in the order of their names.
    pub(crate) fn active(&self) -> impl Iterator<Item = (&SplitId, &Entry)> {
        self.active.iter().filter_map(|split| Some((split, self.files.get(split)?)))
    }

    /// Takes in a split that the checkpoint knows. None if it is not one of a file.
    pub(crate) fn resume(
        &mut self,
        split: &SplitId,
        mark: Mark,
        finished: bool,
        now: Duration,
    ) -> Option<()> {
        let identity = Identity::parse(split)?;
        if let Life::Growing(before) = identity.life {
            self.lives = self.lives.max(before);
        }
        let path = identity.name.to_string();
        let mut entry = Entry::new(identity, Path::new(&path), mark);
        entry.is_saved = true;
        if finished {
            entry.fate = Fate::Finished(None);
        }
        self.insert(split.clone(), entry, now);
        Some(())
    }

    /// Begins again from what is committed, and keeps what was seen.
    pub(crate) fn rewind(
        &mut self,
        committed: impl Fn(&SplitId) -> Option<Mark>,
        is_finished: impl Fn(&SplitId) -> bool,
    ) {
        for (split, entry) in &mut self.files {
            entry.mark = committed(split).unwrap_or(entry.start);
            entry.trail.clear();
            (entry.unsaved, entry.tried, entry.is_open) = (None, None, false);
            if entry.fate == Fate::Finished(None) && !is_finished(split) {
                entry.fate = Fate::Alive;
            }
        }
        // What a copy has begins where its original is read again.
        for split in self.files.keys().cloned().collect::<Vec<_>>() {
            let back = self.files.get(&split).filter(|entry| entry.heir.is_some());
            if let Some(mark) = back.map(|entry| entry.mark) {
                self.pass_on(&split, |start| mark.offset < start, mark);
            }
        }
        self.active = self.files.keys().cloned().collect();
    }

    /// Takes in a file that nobody knew.
    pub(crate) fn add(&mut self, seen: &Seen, start: Mark, life: Life, now: Duration) -> SplitId {
        let name = seen.path.to_string_lossy().into();
        let mut identity = Identity { name, key: seen.key, life };
        while let Life::Growing(before) = identity.life
            && self.files.contains_key(&identity.split())
        {
            identity.life = Life::Growing(before + 1);
        }
        let split = identity.split();
        let mut entry = Entry::new(identity, &seen.path, start);
        (entry.fate, entry.size, entry.changed) =
            (Fate::Alive, seen.size, now.saturating_sub(seen.age));
        entry.modified = seen.modified;
        self.insert(split.clone(), entry, now);
        split
    }

    /// What a file begins with, as long as it does not change.
    pub(crate) fn set_head(&mut self, split: &SplitId, head: Option<Head>) {
        let Some(entry) = self.files.get(split) else { return };
        let related = self.by_stem.get_mut(stem(Path::new(&*entry.identity.name)));
        if let Some(known) = related.and_then(|related| related.get_mut(split)) {
            *known = head;
        }
    }

    /// The life of a file that grows and was not known before.
    pub(crate) fn new_life(&self) -> Life {
        Life::Growing(self.lives)
    }

    /// Takes in a split of which something was planned before a crash, from a mark on: as what the
    /// file is that is there, in place of what was thought of that if nothing was read of it.
    pub(crate) fn adopt(&mut self, split: &SplitId, from: Mark, now: Duration) -> Option<&Entry> {
        if !self.files.contains_key(split) {
            let identity = Identity::parse(split)?;
            let path = identity.name.to_string();
            let mut entry = Entry::new(identity, Path::new(&path), from);
            let known = self.by_key.get(&entry.identity.key).cloned();
            if let Some(known) = known
                && let Some(other) = self.files.get(&known)
            {
                let is_fresh = !other.is_saved && other.mark == other.start;
                if is_fresh || other.identity.life.is_before(entry.identity.life) {
                    let Entry { path, fate, size, changed, .. } = other.clone();
                    (entry.path, entry.size, entry.changed) = (path, size, changed);
                    if !matches!(fate, Fate::Finished(_)) {
                        entry.fate = fate;
                    }
                }
                if is_fresh {
                    self.remove(&known);
                    let orphans = self.files.values_mut();
                    for orphan in orphans.filter(|it| it.heir.as_ref() == Some(&known)) {
                        orphan.heir = Some(split.clone());
                    }
                }
            }
            self.insert(split.clone(), entry, now);
        }
        self.files.get(split)
    }

    /// Of several splits with one key, the one that was begun last is what the file is now.
    fn insert(&mut self, split: SplitId, mut entry: Entry, now: Duration) {
        let key = entry.identity.key;
        let before = self.by_key.get(&key).filter(|known| **known != split).cloned();
        let known = before.as_ref().and_then(|known| self.files.get(known));
        let is_older =
            known.is_some_and(|known| entry.identity.life.is_before(known.identity.life));
        if is_older {
            entry.disown(now);
        } else {
            if let Some(before) = before {
                self.change(&before, |entry| entry.disown(now));
            }
            self.by_key.insert(key, split.clone());
        }
        let stem = stem(Path::new(&*entry.identity.name)).to_owned();
        self.by_stem.entry(stem).or_default().insert(split.clone(), None);
        self.files.insert(split.clone(), entry);
        self.is_news = true;
        self.touch(&split);
    }
    /// Where the engine says that a file is read next.
    pub(crate) fn at(&mut self, split: &SplitId, mark: Mark) {
        if self.files.get(split).is_some_and(|entry| entry.mark != mark) {
            self.change(split, |entry| (entry.mark, entry.tried) = (mark, None));
        }
    }

    /// A file was read up to a mark, with so many records, when it had this size; `ending` if all
    /// of it was looked at, and what was believed of its end.
    pub(crate) fn read(
        &mut self,
        split: &SplitId,
        until: Mark,
        records: u64,
        size: u64,
        ending: Option<Ending>,
        now: Duration,
    ) {
        self.change(split, |entry| {
            let bytes = until.offset.saturating_sub(entry.mark.offset);
            entry.tried = ending.filter(|_| bytes == 0).map(|ending| (size, ending));
            entry.is_suspect = false;
            if records > 0 {
                entry.unsaved = Some(until.offset);
                entry.record = Some(bytes as f64 / records as f64);
                entry.leave_behind();
            }
            entry.mark = until;
            if entry.size != size && !entry.is_compressed() {
                (entry.size, entry.changed) = (size, now);
            }
        });
    }

    /// A compressed file was read to its end, or has nothing that is to be read.
    pub(crate) fn finish(&mut self, split: &SplitId) {
        self.change(split, |entry| entry.fate = Fate::Finished(None));
    }

    /// Everything before an offset is committed.
    pub(crate) fn commit(&mut self, split: &SplitId, offset: u64) {
        self.change(split, |entry| {
            entry.unsaved = entry.unsaved.filter(|unsaved| *unsaved > offset);
            entry.is_saved = true;
        });
    }

    /// A file that is open has this size now.
    pub(crate) fn grow(&mut self, split: &SplitId, size: u64, now: Duration) {
        let is_new =
            |entry: &Entry| entry.size < size && matches!(entry.fate, Fate::Alive | Fate::Gone(_));
        if self.files.get(split).is_some_and(is_new) {
            self.change(split, |entry| (entry.size, entry.changed) = (size, now));
        }
    }

    pub(crate) fn set_open(&mut self, split: &SplitId, is_open: bool) {
        self.change(split, |entry| entry.is_open = is_open);
    }

    /// Notes whether there is something to do about a file.
    pub(super) fn touch(&mut self, split: &SplitId) {
        let Some(entry) = self.files.get(split) else { return };
        let unsettled = entry.orphan_since().is_some() && !entry.is_settled;
        if entry.has_rest() || entry.unsaved.is_some() || unsettled {
            self.active.insert(split.clone());
        } else {
            self.active.remove(split);
        }
    }

    /// Changes an entry, and notes whether there is something to do about it.
    pub(super) fn change(&mut self, split: &SplitId, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.files.get_mut(split) {
            change(entry);
            self.touch(split);
        }
    }

    pub(super) fn remove(&mut self, split: &SplitId) {
        let Some(entry) = self.files.remove(split) else { return };
        if self.by_key.get(&entry.identity.key) == Some(split) {
            self.by_key.remove(&entry.identity.key);
        }
        let stem = stem(Path::new(&*entry.identity.name));
        if let Some(splits) = self.by_stem.get_mut(stem) {
            splits.remove(split);
            if splits.is_empty() {
                self.by_stem.remove(stem);
            }
        }
        self.active.remove(split);
        self.is_news = true;
    }

    pub(crate) fn set_trouble(&mut self, split: &SplitId, why: String) {
        self.change(split, |entry| entry.trouble = Some(why));
    }
}

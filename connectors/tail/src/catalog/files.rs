//! All files.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

use forebay_core::SplitId;

use super::entry::{Entry, Fate, Waits};
use forebay_formats::text_files::Compression;

use crate::divider::Ending;
use crate::heir::Candidate;
use crate::identity::{FileKey, Identity, Life};
use crate::listing::{Interest, Seen, stem};
use crate::mark::Mark;

/// All files that are followed, were read, or are gone and not forgotten.
pub(crate) struct Catalog {
    pub(super) files: HashMap<SplitId, Entry>,
    /// The split that a file is now.
    pub(super) by_key: HashMap<FileKey, SplitId>,
    pub(super) by_stem: HashMap<String, BTreeSet<SplitId>>,
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

    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.files.values()
    }

    /// Files of which something is left or not committed, in the order of their names.
    pub(crate) fn active(&self) -> impl Iterator<Item = (&SplitId, &Entry)> {
        self.active.iter().filter_map(|split| Some((split, self.files.get(split)?)))
    }

    /// Takes in a split that the checkpoint knows. None if it is not one of a file.
    pub(crate) fn resume(&mut self, split: &SplitId, mark: Mark, finished: bool) -> Option<()> {
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
        self.insert(split.clone(), entry);
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
        self.insert(split.clone(), entry);
        split
    }

    /// The life of a file that grows and was not known before.
    pub(crate) fn new_life(&self) -> Life {
        Life::Growing(self.lives)
    }

    /// Takes a split that was planned before a crash for the file that is there, if nothing was
    /// read of that under another name.
    pub(crate) fn adopt(&mut self, split: &SplitId) -> Option<&Entry> {
        if !self.files.contains_key(split) {
            let identity = Identity::parse(split)?;
            let path = identity.name.to_string();
            let mut entry = Entry::new(identity, Path::new(&path), Mark::START);
            let known = self.by_key.get(&entry.identity.key).cloned();
            if let Some(known) = known
                && let Some(other) = self.files.get(&known)
                && other.mark.offset == other.start.offset
            {
                let Entry { path, fate, size, changed, .. } = other.clone();
                (entry.path, entry.fate, entry.size, entry.changed) = (path, fate, size, changed);
                self.remove(&known);
            }
            self.insert(split.clone(), entry);
        }
        self.files.get(split)
    }

    fn insert(&mut self, split: SplitId, entry: Entry) {
        self.by_key.insert(entry.identity.key, split.clone());
        let stem = stem(Path::new(&*entry.identity.name)).to_owned();
        self.by_stem.entry(stem).or_default().insert(split.clone());
        self.files.insert(split.clone(), entry);
        self.is_news = true;
        self.touch(&split);
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

    /// Takes note of a file that was seen.
    pub(crate) fn see(&mut self, seen: &Seen, now: Duration) -> Sight {
        let Some(split) = self.by_key.get(&seen.key).cloned() else { return Sight::Unknown };
        let Some(entry) = self.files.get_mut(&split) else { return Sight::Unknown };
        let was_unseen = entry.fate == Fate::Unseen;
        let is_compressed = Compression::Auto.of(&seen.path) != Compression::None;
        if let Life::Whole(_) = entry.identity.life {
            if Life::whole(seen.size, seen.modified) != entry.identity.life {
                self.disown(&split, now);
                return Sight::Anew;
            }
            entry.fate = match entry.fate {
                Fate::Finished(_) => Fate::Finished(None),
                _ => Fate::Alive,
            };
        } else if is_compressed {
            self.disown(&split, now);
            return Sight::Anew;
        } else {
            entry.fate = Fate::Alive;
        }
        if let Some(entry) = self.files.get_mut(&split) {
            entry.trouble = None;
            // What happened before the start is as long ago as the file says.
            let changed = if was_unseen { now.saturating_sub(seen.age) } else { now };
            if entry.path != seen.path {
                entry.path.clone_from(&seen.path);
                (entry.changed, entry.tried) = (changed, None);
            }
            if seen.size < entry.mark.offset {
                // It was truncated, or was read further since it was looked at: a read will tell.
                entry.is_suspect = true;
            } else if entry.size != seen.size {
                entry.size = seen.size;
                entry.changed = changed;
            }
            if entry.modified != seen.modified && !entry.is_compressed() {
                entry.is_suspect |= seen.size == entry.mark.offset && entry.mark != Mark::START;
                entry.modified = seen.modified;
            }
        }
        self.touch(&split);
        Sight::Known
    }

    /// A file is not what it was: it was truncated, or another has its inode now. It is nobody's
    /// then.
    pub(crate) fn disown(&mut self, split: &SplitId, now: Duration) {
        self.change(split, |entry| {
            entry.fate = match entry.fate {
                Fate::Finished(_) => Fate::Finished(Some(now)),
                _ => Fate::Anew(now),
            };
        });
        if let Some(entry) = self.files.get(split)
            && self.by_key.get(&entry.identity.key) == Some(split)
        {
            self.by_key.remove(&entry.identity.key);
        }
        self.lives += 1;
        self.is_news = true;
    }

    /// After a look at all folders: who was not seen is gone.
    pub(crate) fn note_missing(&mut self, seen: &HashSet<FileKey>, now: Duration) {
        let missing = self.by_key.iter().filter(|(key, _)| !seen.contains(key));
        for split in missing.map(|(_, split)| split.clone()).collect::<Vec<_>>() {
            let mut is_news = false;
            self.change(&split, |entry| match entry.fate {
                Fate::Unseen | Fate::Alive => {
                    entry.fate = Fate::Gone(now);
                    is_news = true;
                }
                Fate::Finished(None) => entry.fate = Fate::Finished(Some(now)),
                Fate::Finished(Some(_)) | Fate::Gone(_) | Fate::Anew(_) => {}
            });
            self.is_news |= is_news;
        }
    }

    /// Where the engine says that a file is read next.
    pub(crate) fn at(&mut self, split: &SplitId, mark: Mark) {
        if self.files.get(split).is_some_and(|entry| entry.mark != mark) {
            self.change(split, |entry| (entry.mark, entry.tried) = (mark, None));
        }
    }

    /// A file was read up to a mark, with so many records, when it had this size.
    pub(crate) fn read(
        &mut self,
        split: &SplitId,
        until: Mark,
        records: u64,
        size: u64,
        ending: Ending,
        now: Duration,
    ) {
        self.change(split, |entry| {
            let bytes = until.offset.saturating_sub(entry.mark.offset);
            entry.tried = (bytes == 0).then_some((size, ending));
            entry.is_suspect = false;
            if records > 0 {
                entry.unsaved = Some(until.offset);
                entry.record = Some(bytes as f64 / records as f64);
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

    pub(crate) fn set_trouble(&mut self, split: &SplitId, why: String) {
        self.change(split, |entry| entry.trouble = Some(why));
    }

    /// The files that one with this path and inode may be a copy of.
    pub(crate) fn candidates(&self, seen: &Seen) -> Vec<Candidate> {
        let related = self.by_stem.get(stem(&seen.path)).into_iter().flatten();
        let related = related.filter_map(|split| Some((split, self.files.get(split)?)));
        let candidates = related.filter_map(|(split, entry)| {
            let orphan = entry.orphan_since().is_some();
            let is_unread = entry.mark == Mark::START && entry.fate == Fate::Alive;
            let unread = (is_unread && entry.size > 0).then(|| entry.path.clone());
            if entry.mark.print.is_none() && unread.is_none() {
                return None;
            }
            Some(Candidate {
                split: split.clone(),
                mark: entry.mark,
                is_orphan: orphan,
                is_same: orphan
                    && entry.identity.key.inode == seen.key.inode
                    && !matches!(entry.fate, Fate::Anew(_)),
                unread,
            })
        });
        candidates.collect()
    }

    /// What is of interest besides the files that the options name, if that changed.
    pub(crate) fn interest(&mut self) -> Option<Interest> {
        if !std::mem::take(&mut self.is_news) {
            return None;
        }
        let inodes = self.by_key.keys().map(|key| key.inode).collect();
        let orphans = self.active.iter().filter_map(|split| self.files.get(split));
        let orphans = orphans.filter(|it| it.orphan_since().is_some() && !it.is_settled);
        let stems: BTreeSet<_> =
            orphans.map(|it| stem(Path::new(&*it.identity.name)).to_owned()).collect();
        Some(Interest { inodes, stems: stems.into_iter().collect() })
    }
}

//! Files as they were seen.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::time::Duration;

use forebay_core::SplitId;
use forebay_formats::text_files::Compression;

use super::entry::Fate;
use super::files::{Catalog, Sight};
use crate::head::Head;
use crate::heir::Candidate;
use crate::identity::{FileKey, Life};
use crate::listing::{Interest, Seen, stem};
use crate::mark::Mark;

impl Catalog {
    /// Takes note of a file that was seen.
    pub(crate) fn see(&mut self, seen: &Seen, now: Duration) -> Sight {
        let Some(split) = self.by_key.get(&seen.key).cloned() else {
            return self.see_again(seen, now, Sight::Unknown);
        };
        let Some(entry) = self.files.get_mut(&split) else { return Sight::Unknown };
        let was_unseen = entry.fate == Fate::Unseen;
        let is_compressed = Compression::Auto.of(&seen.path) != Compression::None;
        if let Life::Whole(_) = entry.identity.life {
            if Life::whole(seen.size, seen.modified) != entry.identity.life {
                self.disown(&split, now);
                return self.see_again(seen, now, Sight::Anew);
            }
            entry.fate = match entry.fate {
                Fate::Finished(_) => Fate::Finished(None),
                _ => Fate::Alive,
            };
        } else if is_compressed {
            self.disown(&split, now);
            return self.see_again(seen, now, Sight::Anew);
        } else {
            entry.fate = Fate::Alive;
        }
        let mut is_changed = false;
        if let Some(entry) = self.files.get_mut(&split) {
            is_changed = (entry.size, entry.modified) != (seen.size, seen.modified);
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
        if is_changed {
            self.set_head(&split, None);
        }
        self.touch(&split);
        Sight::Known
    }

    /// A file that is not what its key stands for: it may be one that was known under the key, too,
    /// as inodes are used again.
    fn see_again(&mut self, seen: &Seen, now: Duration, otherwise: Sight) -> Sight {
        let is_compressed = Compression::Auto.of(&seen.path) != Compression::None;
        let whole = Life::whole(seen.size, seen.modified);
        let related = self.by_stem.get(stem(&seen.path)).into_iter().flatten();
        let related = related.filter_map(|(split, _)| Some((split, self.files.get(split)?)));
        let fitting = related.filter(|(_, entry)| {
            entry.identity.key == seen.key
                && !matches!(entry.fate, Fate::Anew(_))
                && match entry.identity.life {
                    Life::Whole(_) => is_compressed && entry.identity.life == whole,
                    Life::Growing(_) => !is_compressed,
                }
        });
        let found = fitting.max_by_key(|(_, entry)| match entry.identity.life {
            Life::Growing(before) => before,
            Life::Whole(_) => 0,
        });
        let Some(split) = found.map(|(split, _)| split.clone()) else { return otherwise };
        self.by_key.insert(seen.key, split);
        self.see(seen, now)
    }

    /// A file is not what it was: it was truncated, or another has its inode now. It is nobody's
    /// then.
    pub(crate) fn disown(&mut self, split: &SplitId, now: Duration) {
        self.change(split, |entry| entry.disown(now));
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

    /// The files that one with this path and inode, which begins so, may be a copy of.
    pub(crate) fn candidates(&self, seen: &Seen, head: Option<&Head>) -> Vec<Candidate> {
        let related = self.by_stem.get(stem(&seen.path)).into_iter().flatten();
        let alike = related.filter(|(_, known)| match (head, known) {
            (Some(head), Some(known)) => known.may_begin(head),
            _ => true,
        });
        let alike = alike.filter_map(|(split, _)| Some((split, self.files.get(split)?)));
        let candidates = alike.filter_map(|(split, entry)| {
            let is_there = entry.fate == Fate::Alive && !entry.is_compressed();
            if entry.mark.print.is_none() && !(is_there && entry.mark == Mark::START) {
                return None;
            }
            let is_orphan = entry.orphan_since().is_some();
            Some(Candidate {
                split: split.clone(),
                mark: entry.mark,
                trail: entry.trail.clone(),
                is_orphan,
                is_same: is_orphan
                    && entry.identity.key.inode == seen.key.inode
                    && !matches!(entry.fate, Fate::Anew(_)),
                place: is_there.then(|| (entry.path.clone(), entry.identity.key)),
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

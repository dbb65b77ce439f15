//! What a look at the folder changes.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use forebay_core::SplitId;

use super::{Catalog, Heads, Note, Now, State};
use crate::identity::{Identity, Stamp};
use crate::listing::{Found, Listing};
use crate::remembered::Known;

impl Catalog {
    /// Which first bytes have to be digested before [`update`](Self::update): path, name, number.
    pub(crate) fn wanted(&self, listing: &Listing, now: Now) -> Vec<(PathBuf, Arc<str>, u64)> {
        let mut wanted = Vec::new();
        for found in &listing.files {
            let mut want = |size| wanted.push((found.path.clone(), Arc::clone(&found.name), size));
            if let Some(entry) = self.by_name.get(&found.name).and_then(|split| self.get(split)) {
                if entry.stamp == found.stamp {
                    continue;
                }
                want(entry.identity.stamp.size);
            }
            if let Some((_, identity, _)) = self.resumed.get(&found.name) {
                want(identity.stamp.size);
            }
            if self.remembered.knows(&found.name, found.stamp) {
                continue;
            }
            if let Some(size) = self.remembered.wanted(&found.name, found.stamp) {
                want(size);
            }
            if self.may_be_taken(found, now) {
                want(found.stamp.size);
            }
        }
        wanted
    }

    /// Takes note of a look at the folder.
    pub(crate) fn update(&mut self, listing: &Listing, heads: &Heads, now: Now) -> Vec<Note> {
        let mut notes = Vec::new();
        self.unopened.clear();
        let mut seen = HashMap::with_capacity(listing.files.len());
        for found in &listing.files {
            seen.insert(&*found.name, found.stamp);
            self.see(found, heads, now, &mut notes);
        }
        self.unsettled.retain(|name, _| seen.contains_key(&**name));
        if listing.is_complete() && listing.base.is_some() {
            self.miss(&seen, &mut notes);
            let base = *self.base.get_or_insert(listing.base.unwrap_or_default());
            if listing.base == Some(base) {
                self.remembered.note_gone(&seen, now.elapsed);
            }
        }
        notes
    }

    /// A file is there.
    fn see(&mut self, found: &Found, heads: &Heads, now: Now, notes: &mut Vec<Note>) {
        let head = |size: u64| {
            let digest = heads.get(&(Arc::clone(&found.name), size))?;
            digest.as_ref().ok().copied()
        };
        let settled = self.settled(found, now);
        if let Some(split) = self.by_name.get(&found.name).cloned()
            && self.see_again(&split, found, settled, head, notes)
        {
            return;
        }
        match self.remembered.look_up(&found.name, found.stamp, head) {
            Known::Read | Known::Grown { first: false } => return,
            Known::Grown { first: true } => {
                notes.push(Note::GrownAfterEnd(found.path.clone()));
                return;
            }
            Known::New => {}
        }
        if let Some((split, identity, position)) = self.resumed.remove(&found.name) {
            let before = identity.stamp;
            let grew = found.stamp.may_have_grown_from(&before)
                && head(before.size) == Some(identity.head);
            if found.stamp.same_content(&before) || grew {
                let same = found.stamp.same_content(&before);
                let state = if same || settled { State::Ready } else { State::Busy };
                self.insert(split, identity, found, Some(position), state);
                return;
            }
            notes.push(Note::Cut(found.path.clone(), position));
            self.remembered.add(split, identity, before, true);
        }
        if !settled || !self.may_be_taken(found, now) {
            return;
        }
        match heads.get(&(Arc::clone(&found.name), found.stamp.size)) {
            Some(Ok(head)) => {
                let name = Arc::clone(&found.name);
                let identity = Identity { name, stamp: found.stamp, head: *head };
                self.insert(identity.split(), identity, found, None, State::Ready);
            }
            Some(Err(why)) => {
                self.unopened.insert(found.path.clone(), why.clone());
            }
            None => {}
        }
    }

    /// A file is there under a path that is known; false if it is another one.
    fn see_again(
        &mut self,
        split: &SplitId,
        found: &Found,
        settled: bool,
        head: impl Fn(u64) -> Option<u32>,
        notes: &mut Vec<Note>,
    ) -> bool {
        let Some(entry) = self.files.get_mut(split) else { return false };
        let over = matches!(entry.state, State::Ended(_) | State::Cut(_));
        if entry.stamp == found.stamp {
            if !over && settled {
                entry.state = State::Ready;
            }
            return true;
        }
        let grew = found.stamp.may_have_grown_from(&entry.stamp)
            && head(entry.identity.stamp.size) == Some(entry.identity.head);
        if grew && entry.position.is_some() {
            entry.stamp = found.stamp;
            if over {
                notes.push(Note::GrownAfterEnd(found.path.clone()));
            } else {
                notes.push(Note::GrownWhileRead(found.path.clone()));
                entry.state = if settled { State::Ready } else { State::Busy };
            }
            return true;
        }
        self.lose(split, notes);
        false
    }

    /// Whether a file was quiet for long enough: by its time of modification, or, should its
    /// clock be ahead of ours, because it looks as it did before.
    fn settled(&mut self, found: &Found, now: Now) -> bool {
        let settle = i64::try_from(self.settle.as_nanos()).unwrap_or(i64::MAX);
        if now.wall.saturating_sub(found.stamp.modified) >= settle {
            self.unsettled.remove(&found.name);
            return true;
        }
        let before = self.unsettled.entry(Arc::clone(&found.name));
        let (stamp, since) = before.or_insert((found.stamp, now.elapsed));
        if *stamp != found.stamp {
            (*stamp, *since) = (found.stamp, now.elapsed);
        }
        now.elapsed.saturating_sub(*since) >= self.settle
    }

    /// Files that were not seen are gone.
    fn miss(&mut self, seen: &HashMap<&str, Stamp>, notes: &mut Vec<Note>) {
        let is_gone = |name: &Arc<str>| !seen.contains_key(&**name);
        let gone: Vec<SplitId> =
            self.by_name.iter().filter(|(name, _)| is_gone(name)).map(|it| it.1.clone()).collect();
        for split in gone {
            self.lose(&split, notes);
        }
        for (_, (split, identity, position)) in self.resumed.drain() {
            notes.push(Note::Cut(PathBuf::from(&*identity.name), position));
            let stamp = identity.stamp;
            self.remembered.add(split, identity, stamp, false);
        }
    }

    /// The file of a split is not there any more.
    fn lose(&mut self, split: &SplitId, notes: &mut Vec<Note>) {
        let Some(entry) = self.files.get_mut(split) else { return };
        self.by_name.remove(&entry.identity.name);
        match (&entry.state, entry.position) {
            (State::Ended(_) | State::Cut(_), _) => {}
            (_, None) => {
                self.remove(split);
            }
            (_, Some(position)) => {
                notes.push(Note::Cut(entry.path.clone(), position));
                entry.state = State::Cut(position);
                self.settle_end(split);
            }
        }
    }

    fn may_be_taken(&self, found: &Found, now: Now) -> bool {
        let limit = self.too_old(now, Duration::ZERO);
        found.stamp.size > 0 && limit.is_none_or(|limit| found.stamp.modified >= limit)
    }

    /// The time of modification before which files are too old.
    pub(super) fn too_old(&self, now: Now, margin: Duration) -> Option<i64> {
        let nanos = i64::try_from((self.max_age? + margin).as_nanos()).unwrap_or(i64::MAX);
        Some(now.wall.saturating_sub(nanos))
    }
}

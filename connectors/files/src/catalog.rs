//! Which files are taken, and in which order.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use forebay_core::SplitId;

use crate::config::Order;
use crate::identity::{Identity, Stamp};
use crate::listing::{Found, Listing};
use crate::remembered::{CLOCK_MARGIN, Known, Remembered};

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
    committed: u64,
    pub(crate) state: State,
    /// Why it could not be read last time.
    complaint: Option<String>,
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

/// The time, from two clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    /// Nanoseconds since the Unix epoch.
    pub(crate) wall: i64,
    /// Since some moment; never goes back.
    pub(crate) elapsed: Duration,
}

/// Digests of first bytes, by name and number of bytes.
pub(crate) type Heads = HashMap<(Arc<str>, u64), Result<u32, String>>;

/// Something to tell people about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// A file was written to after it was read to its end; what came later is not read.
    GrownAfterEnd(PathBuf),
    /// A file was written to while it was read.
    GrownWhileRead(PathBuf),
    /// A file vanished, or was replaced, before it was read to its end.
    Cut(PathBuf, u64),
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

    fn may_be_taken(&self, found: &Found, now: Now) -> bool {
        let limit = self.too_old(now, Duration::ZERO);
        found.stamp.size > 0 && limit.is_none_or(|limit| found.stamp.modified >= limit)
    }

    /// The time of modification before which files are too old.
    fn too_old(&self, now: Now, margin: Duration) -> Option<i64> {
        let nanos = i64::try_from((self.max_age? + margin).as_nanos()).unwrap_or(i64::MAX);
        Some(now.wall.saturating_sub(nanos))
    }

    /// Files that were finished by an earlier run, which ended before they could be deleted or
    /// moved.
    pub(crate) fn left_behind(&self, listing: &Listing) -> Vec<Entry> {
        let entry = |found: &Found| {
            let identity = self.remembered.still_there(&found.name, found.stamp)?.clone();
            let end = identity.stamp.size;
            Some(Entry {
                identity,
                path: found.path.clone(),
                stamp: found.stamp,
                position: Some(end),
                committed: end,
                state: State::Ended(end),
                complaint: None,
            })
        };
        listing.files.iter().filter_map(entry).collect()
    }

    /// Finished splits that cannot come again.
    pub(crate) fn forget(&mut self, now: Now) -> Vec<SplitId> {
        self.remembered.forget(now.elapsed, self.too_old(now, CLOCK_MARGIN))
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
        let entry = Entry {
            identity,
            path: found.path.clone(),
            stamp: found.stamp,
            position,
            committed: position.unwrap_or(0),
            state,
            complaint: None,
        };
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
    fn settle_end(&mut self, split: &SplitId) -> Option<Entry> {
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

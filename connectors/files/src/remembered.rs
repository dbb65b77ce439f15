//! Files that were read to their end.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use forebay_core::SplitId;

use crate::identity::{Identity, Stamp};

/// A file that is not there any more is remembered for this long: a network drive that was away
/// for a moment must not lead to a second reading.
pub(crate) const GONE_FOR: Duration = Duration::from_secs(3600);

/// A file that is too old to be taken is remembered for this much longer, so that a clock that
/// is set back does not make it young again.
pub(crate) const CLOCK_MARGIN: Duration = Duration::from_secs(3600);

/// Files that were read to their end, and are not to be read again.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    by_name: HashMap<Arc<str>, Vec<Done>>,
    count: usize,
}

#[derive(Debug)]
struct Done {
    split: SplitId,
    identity: Identity,
    /// Since when it is gone, by the clock that never goes back.
    gone: Option<Duration>,
    /// It was deleted or moved by us, or replaced: it will not come back.
    retired: bool,
    /// What it grew to after it was read.
    grown: Option<Stamp>,
}

/// What is known about a file under a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// It was read.
    Read,
    /// It was read, and then written to; `first` if that is news.
    Grown { first: bool },
    /// It was not read.
    New,
}

impl Remembered {
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Adds a file that was read, and looked like `stamp` in the end; `retired` if it is gone for
    /// good.
    pub(crate) fn add(&mut self, split: SplitId, identity: Identity, stamp: Stamp, retired: bool) {
        let name = Arc::clone(&identity.name);
        let grown = (!identity.stamp.same_content(&stamp)).then_some(stamp);
        let done = Done { split, identity, gone: None, retired, grown };
        self.by_name.entry(name).or_default().push(done);
        self.count += 1;
    }

    /// A file was deleted or moved.
    pub(crate) fn retire(&mut self, identity: &Identity) {
        let files = self.by_name.get_mut(&identity.name);
        for done in files.into_iter().flatten().filter(|done| done.identity == *identity) {
            done.retired = true;
        }
    }

    /// The file that was read and still looks so, unless it was deleted or moved.
    pub(crate) fn still_there(&self, name: &str, stamp: Stamp) -> Option<&Identity> {
        let is_whole = |done: &&Done| !done.retired && done.grown.is_none() && done.is(stamp);
        self.by_name.get(name)?.iter().find(is_whole).map(|done| &done.identity)
    }

    /// Whether a file that looks like this was read.
    pub(crate) fn knows(&self, name: &str, stamp: Stamp) -> bool {
        self.by_name.get(name).is_some_and(|files| files.iter().any(|done| done.is(stamp)))
    }

    /// How many first bytes have to be looked at to tell whether a file grew from one that was
    /// read; none if it cannot have.
    pub(crate) fn wanted(&self, name: &str, stamp: Stamp) -> Option<u64> {
        let files = self.by_name.get(name)?;
        files.iter().find(|done| done.may_be_before(stamp)).map(|done| done.identity.stamp.size)
    }

    /// What is known about a file; `head` tells the digest of so many first bytes.
    pub(crate) fn look_up(
        &mut self,
        name: &str,
        stamp: Stamp,
        head: impl Fn(u64) -> Option<u32>,
    ) -> Known {
        let Some(files) = self.by_name.get_mut(name) else { return Known::New };
        if let Some(done) = files.iter_mut().find(|done| done.is(stamp)) {
            done.gone = None;
            return Known::Read;
        }
        for done in files.iter_mut().filter(|done| done.may_be_before(stamp)) {
            if head(done.identity.stamp.size) == Some(done.identity.head) {
                let first = done.grown.is_none();
                done.grown = Some(stamp);
                done.gone = None;
                return Known::Grown { first };
            }
        }
        Known::New
    }

    /// Notes which files are gone: all that were not looked up since the names were seen.
    pub(crate) fn note_gone(&mut self, seen: &HashMap<&str, Stamp>, now: Duration) {
        for done in self.by_name.values_mut().flatten() {
            let here = seen.get(&*done.identity.name).is_some_and(|stamp| done.is(*stamp));
            if !here {
                done.gone.get_or_insert(now);
            }
        }
    }

    /// Takes out those that cannot come again. `too_old` is the time of modification, in
    /// nanoseconds since the Unix epoch, before which no file is ever taken.
    pub(crate) fn forget(&mut self, now: Duration, too_old: Option<i64>) -> Vec<SplitId> {
        let mut forgotten = HashSet::new();
        for files in self.by_name.values_mut() {
            files.retain(|done| {
                let gone = done.gone.is_some_and(|since| now.saturating_sub(since) >= GONE_FOR);
                let old = too_old.is_some_and(|limit| done.identity.stamp.modified < limit);
                let cannot_come = done.retired || gone || (old && done.grown.is_none());
                if cannot_come {
                    forgotten.insert(done.split.clone());
                }
                !cannot_come
            });
        }
        self.by_name.retain(|_, files| !files.is_empty());
        self.count -= forgotten.len().min(self.count);
        forgotten.into_iter().collect()
    }
}

impl Done {
    fn is(&self, stamp: Stamp) -> bool {
        self.identity.stamp.same_content(&stamp)
            || self.grown.is_some_and(|grown| grown.same_content(&stamp))
    }

    fn may_be_before(&self, stamp: Stamp) -> bool {
        !self.retired
            && stamp.size > self.identity.stamp.size
            && stamp.may_have_grown_from(&self.identity.stamp)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::Duration;

    use super::{GONE_FOR, Known, Remembered};
    use crate::identity::{Identity, Stamp};

    const STAMP: Stamp = Stamp { size: 10, modified: 1_000, body: 7 };

    fn remembered() -> Remembered {
        let identity = Identity { name: "a".into(), stamp: STAMP, head: 3 };
        let mut remembered = Remembered::default();
        remembered.add(identity.split(), identity, STAMP, false);
        remembered
    }

    #[test]
    fn a_file_that_is_gone_is_forgotten_after_an_hour_and_not_if_it_comes_back() {
        let start = Duration::from_secs(100);
        let mut remembered = remembered();
        remembered.note_gone(&HashMap::new(), start);
        assert_eq!(remembered.forget(start + GONE_FOR - Duration::from_secs(1), None), []);
        assert_eq!(remembered.look_up("a", STAMP, |_| None), Known::Read);
        remembered.note_gone(&HashMap::from([("a", STAMP)]), start + GONE_FOR);
        assert_eq!(remembered.forget(start + GONE_FOR, None), []);
        remembered.note_gone(&HashMap::new(), start + GONE_FOR);
        assert_eq!(remembered.forget(start + GONE_FOR * 2, None).len(), 1);
        assert_eq!((remembered.len(), remembered.forget(start + GONE_FOR * 2, None)), (0, vec![]));
    }

    #[test]
    fn what_a_file_is_depends_on_its_stamp_and_first_bytes() {
        let larger = Stamp { size: 20, modified: 2_000, ..STAMP };
        let other = Stamp { body: 8, ..larger };
        let smaller = Stamp { size: 5, ..larger };
        let restored = Stamp { body: 9, ..STAMP };
        let mut known = remembered();
        assert_eq!(known.look_up("a", restored, |_| None), Known::Read);
        assert_eq!(known.look_up("a", other, |_| Some(3)), Known::New);
        assert_eq!(known.look_up("a", smaller, |_| Some(3)), Known::New);
        assert_eq!(known.look_up("a", larger, |_| Some(4)), Known::New);
        assert_eq!(known.look_up("b", STAMP, |_| Some(3)), Known::New);
        assert_eq!(known.look_up("a", larger, |_| Some(3)), Known::Grown { first: true });
        assert_eq!(known.look_up("a", larger, |_| Some(3)), Known::Read);
    }
}

//! One file that is followed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use forebay_core::SplitId;
use forebay_formats::text_files::Compression;

use crate::divider::Ending;
use crate::identity::{Identity, Life};
use crate::mark::Mark;

/// How many marks before the last are known.
const TRAIL: usize = 8;

/// Times after which something is believed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waits {
    /// How long a file has to be quiet before its end is believed.
    pub(crate) rotate: Duration,
    /// After which time a file that is gone is forgotten.
    pub(crate) forget: Duration,
    /// After which time several lines are a record, if lines belong together.
    pub(crate) group: Option<Duration>,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The checkpoint knows it, and no look has found it yet.
    Unseen,
    Alive,
    /// It is under no name any more, since then.
    Gone(Duration),
    /// It was truncated and begun anew, as another split, since then.
    Anew(Duration),
    /// It is a compressed file that was read to its end; gone since then.
    Finished(Option<Duration>),
}

/// One file that is followed.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) identity: Identity,
    pub(crate) path: PathBuf,
    pub(crate) compression: Compression,
    pub(crate) fate: Fate,
    /// Where reading begins.
    pub(crate) start: Mark,
    /// Where reading goes on.
    pub(crate) mark: Mark,
    /// Where it went on before, lately.
    pub(crate) trail: Vec<Mark>,
    /// The offset behind records that were read and are not committed.
    pub(crate) unsaved: Option<u64>,
    /// Whether something of it is in the checkpoint.
    pub(crate) is_saved: bool,
    pub(crate) size: u64,
    /// Nanoseconds since the Unix epoch.
    pub(crate) modified: i64,
    /// It was written to and has the size that was read: it may have other bytes now.
    pub(crate) is_suspect: bool,
    /// When it was last seen to change.
    pub(crate) changed: Duration,
    /// The size at which no whole record was found, and what was believed of the end then.
    pub(crate) tried: Option<(u64, Ending)>,
    /// Bytes of a record, about.
    pub(crate) record: Option<f64>,
    /// Whether it is open, and so can be read without a name.
    pub(crate) is_open: bool,
    /// Why it cannot be read.
    pub(crate) trouble: Option<String>,
    /// The copy that has its rest.
    pub(crate) heir: Option<SplitId>,
    /// It is gone, and it is known what became of its rest.
    pub(crate) is_settled: bool,
}

impl Entry {
    pub(crate) fn new(identity: Identity, path: &Path, mark: Mark) -> Self {
        Self {
            compression: match identity.life {
                Life::Growing(_) => Compression::None,
                Life::Whole(_) => Compression::Auto.of(Path::new(&*identity.name)),
            },
            identity,
            path: path.to_owned(),
            fate: Fate::Unseen,
            start: mark,
            mark,
            trail: Vec::new(),
            unsaved: None,
            is_saved: false,
            size: 0,
            modified: 0,
            is_suspect: false,
            changed: Duration::ZERO,
            tried: None,
            record: None,
            is_open: false,
            trouble: None,
            heir: None,
            is_settled: false,
        }
    }

    pub(crate) fn is_compressed(&self) -> bool {
        self.compression != Compression::None
    }

    /// Its mark is about to move on.
    pub(crate) fn leave_behind(&mut self) {
        if self.mark.print.is_none() {
            return;
        }
        if self.trail.len() == TRAIL {
            self.trail.remove(0);
        }
        self.trail.push(self.mark);
    }

    /// It is not what has its key any more.
    pub(crate) fn disown(&mut self, now: Duration) {
        self.fate = match self.fate {
            Fate::Finished(_) => Fate::Finished(Some(now)),
            Fate::Anew(since) => Fate::Anew(since),
            _ => Fate::Anew(now),
        };
    }

    /// Since when only a copy can have its rest, if that is so.
    pub(crate) fn orphan_since(&self) -> Option<Duration> {
        match self.fate {
            Fate::Gone(since) | Fate::Anew(since) => Some(since),
            Fate::Unseen | Fate::Alive | Fate::Finished(_) => None,
        }
    }

    /// Whether something of it is left to be read, as far as is known.
    pub(crate) fn has_rest(&self) -> bool {
        match self.fate {
            Fate::Finished(_) | Fate::Unseen | Fate::Anew(_) => false,
            Fate::Gone(_) if !self.is_open || self.heir.is_some() => false,
            _ if self.is_compressed() => true,
            Fate::Alive | Fate::Gone(_) => self.size > self.mark.offset || self.is_suspect,
        }
    }

    /// What may be believed of its end now.
    pub(crate) fn ending(&self, now: Duration, waits: &Waits) -> Ending {
        let quiet = now.saturating_sub(self.changed);
        let is_over = self.is_compressed() || self.is_rotated() && quiet >= waits.rotate;
        match waits.group {
            _ if is_over => Ending::Final,
            Some(timeout) if quiet >= timeout => Ending::Quiet,
            _ => Ending::Growing,
        }
    }

    /// Whether a read is likely to find a record; what may be believed of the end then.
    pub(crate) fn readable(&self, now: Duration, waits: &Waits) -> Option<Ending> {
        if !self.has_rest() || self.trouble.is_some() {
            return None;
        }
        let ending = self.ending(now, waits);
        match self.tried {
            Some((size, tried)) if size == self.size && tried >= ending && !self.is_suspect => None,
            _ => Some(ending),
        }
    }

    /// When time alone changes what may be believed of it.
    pub(crate) fn deadline(&self, now: Duration, waits: &Waits) -> Option<Duration> {
        let settling = match self.orphan_since() {
            Some(since) if !self.is_settled => Some(since.max(self.changed) + waits.rotate),
            _ => None,
        };
        let rotated = (self.has_rest() && self.is_rotated()).then(|| self.changed + waits.rotate);
        let grouped = waits.group.filter(|_| self.has_rest()).map(|timeout| self.changed + timeout);
        [settling, rotated, grouped].into_iter().flatten().filter(|at| *at > now).min()
    }

    /// About how many records are left, at least 1.
    pub(crate) fn backlog(&self, usual: Option<f64>) -> Option<u64> {
        if self.is_compressed() {
            return None;
        }
        let record = self.record.or(usual)?;
        let left = self.size.saturating_sub(self.mark.offset) as f64 / record.max(1.0);
        Some((left as u64).saturating_add(1))
    }

    /// Whether it lost the name under which it was first seen.
    fn is_rotated(&self) -> bool {
        self.path != Path::new(&*self.identity.name) || matches!(self.fate, Fate::Gone(_))
    }
}

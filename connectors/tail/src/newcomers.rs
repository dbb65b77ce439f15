//! Files that nobody knows: new ones, or copies that a rotation made.

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use forebay_core::SplitId;
use forebay_formats::text_files::Compression;
use tokio::task::spawn_blocking;

use crate::catalog::Catalog;
use crate::head::Head;
use crate::heir::{Candidate, last_line_end, may_become_a_copy, original};
use crate::identity::{FileKey, Life};
use crate::listing::Seen;
use crate::mark::Mark;

/// A compressed file that did not change for this long is complete.
const COMPLETE: Duration = Duration::from_secs(1);

/// Files of which it is not known yet what they are.
#[derive(Default)]
pub(crate) struct Newcomers {
    held: HashMap<FileKey, Held>,
}

struct Held {
    seen: Seen,
    /// Since when it looks as it does.
    unchanged: Duration,
}

/// What became of a newcomer.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    /// It is followed from its first line.
    New,
    /// It is what an orphan was.
    Copy(Candidate),
    /// It is the file that was thought to be gone.
    Same(Candidate),
    /// It is a copy of a file that may be truncated or deleted in a moment.
    Later,
    /// It does not concern anybody.
    Nothing,
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.split == other.split
    }
}

impl Eq for Candidate {}

/// How newcomers are taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reception {
    pub(crate) now: Duration,
    /// Files begin behind their last line.
    pub(crate) at_end: bool,
    pub(crate) max_line: u64,
}

impl Newcomers {
    pub(crate) fn len(&self) -> usize {
        self.held.len()
    }

    /// When one that is held should be looked at again.
    pub(crate) fn deadline(&self, now: Duration, rotate_wait: Duration) -> Option<Duration> {
        let of = |held: &Held| [held.unchanged + COMPLETE, held.unchanged + rotate_wait];
        self.held.values().flat_map(of).filter(|at| *at > now).min()
    }

    /// After a look at all folders: who is not there any more is not held any more.
    pub(crate) fn retain(&mut self, is_there: impl Fn(&FileKey) -> bool) {
        self.held.retain(|key, _| is_there(key));
    }

    /// Takes in files that nobody knows, and decides about those that it can decide about.
    pub(crate) async fn take(
        &mut self,
        unknown: Vec<Seen>,
        catalog: &mut Catalog,
        reception: Reception,
    ) {
        for seen in unknown {
            let now = reception.now;
            let fresh = Held { seen: seen.clone(), unchanged: now };
            let held = self.held.entry(seen.key).or_insert(fresh);
            if (held.seen.size, held.seen.modified) != (seen.size, seen.modified) {
                held.unchanged = now;
            }
            held.seen = seen;
        }
        // What was planned of a copy before a crash makes it known while it is held.
        self.held.retain(|key, _| !catalog.is_known(key));
        // Paths sort as rotated files are older or newer; what counts is that it is the same always.
        let mut keys: Vec<FileKey> = self.held.keys().copied().collect();
        keys.sort_by(|a, b| self.held[a].seen.path.cmp(&self.held[b].seen.path));
        for key in keys {
            let (decision, head) = self.decide(key, catalog, reception).await;
            if decision == Decision::Later {
                continue;
            }
            let Some(held) = self.held.remove(&key) else { continue };
            let split = settle(held.seen, decision, catalog, reception).await;
            if let Some(split) = split {
                catalog.set_head(&split, head);
            }
        }
    }

    /// What becomes of one, and what it begins with.
    async fn decide(
        &self,
        key: FileKey,
        catalog: &Catalog,
        reception: Reception,
    ) -> (Decision, Option<Head>) {
        let Held { seen, unchanged } = &self.held[&key];
        let compression = Compression::Auto.of(&seen.path);
        let is_plain = compression == Compression::None;
        let stranger = if seen.is_chosen { Decision::New } else { Decision::Nothing };
        let quiet = reception.now.saturating_sub(*unchanged);
        let is_complete = is_plain || quiet.max(seen.age) >= COMPLETE;
        if !is_complete {
            return (Decision::Later, None);
        }
        let path = seen.path.clone();
        let head = spawn_blocking(move || Head::read(&path, compression)).await;
        let head = head.ok().and_then(Result::ok);
        let candidates = catalog.candidates(seen, head.as_ref());
        if candidates.is_empty() {
            return (stranger, head);
        }
        let path = seen.path.clone();
        let found = spawn_blocking(move || {
            let is_begun = is_plain && may_become_a_copy(&path, &candidates)?;
            Ok((original(&path, compression, &candidates)?, is_begun))
        });
        let is_late = quiet >= catalog.waits().rotate;
        let decision = match found.await.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok((None, true)) if !is_late => Decision::Later,
            Ok((Some(it), _)) if it.is_same => Decision::Same(it),
            Ok((Some(it), _)) if it.is_orphan => Decision::Copy(it),
            // The file that it is a copy of is still there, and has the same records.
            Ok((Some(_), _)) if !is_plain => Decision::Later,
            Ok((Some(_), _)) if !is_late => Decision::Later,
            Ok(_) => stranger,
            Err(_) if !is_late => Decision::Later,
            // Reading it says what is wrong with it.
            Err(_) => stranger,
        };
        (decision, head)
    }
}

/// Does what was decided. Says under which split the file is followed from now on.
async fn settle(
    seen: Seen,
    decision: Decision,
    catalog: &mut Catalog,
    reception: Reception,
) -> Option<SplitId> {
    let is_plain = Compression::Auto.of(&seen.path) == Compression::None;
    let life = match is_plain {
        true => catalog.new_life(),
        false => Life::whole(seen.size, seen.modified),
    };
    let now = reception.now;
    match decision {
        Decision::New if reception.at_end && is_plain => {
            let (path, size, max_line) = (seen.path.clone(), seen.size, reception.max_line);
            let end = spawn_blocking(move || last_line_end(&path, size, max_line)).await;
            let end = end.ok().and_then(Result::ok).unwrap_or(Mark::START);
            Some(catalog.add(&seen, end, life, now))
        }
        Decision::New => {
            let split = catalog.add(&seen, Mark::START, life, now);
            if reception.at_end {
                catalog.finish(&split);
            }
            Some(split)
        }
        Decision::Copy(of) => {
            let mark = match is_plain {
                true => of.mark,
                false => Mark::bare(of.mark.offset),
            };
            let heir = catalog.add(&seen, mark, life, now);
            tracing::info!(file = %seen.path.display(), of = %of.split, offset = of.mark.offset, "a rotation left this copy; it is read from where the file was");
            catalog.inherit(&of.split, heir.clone());
            Some(heir)
        }
        Decision::Same(known) => {
            catalog.rekey(&known.split, seen.key);
            catalog.see(&seen, now);
            None
        }
        Decision::Later | Decision::Nothing => None,
    }
}

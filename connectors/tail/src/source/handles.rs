//! Files that are kept open.

use std::collections::HashMap;
use std::time::Duration;

use forebay_core::SplitId;

use crate::catalog::Catalog;
use crate::reader::Open;

/// A file that nothing was read from for this long is closed.
const IDLE: Duration = Duration::from_secs(60);

/// Files that are kept open: so that they can be read on when they are deleted, and so that
/// compressed ones need not be expanded from their beginning.
pub(super) struct Handles {
    open: HashMap<SplitId, Handle>,
    most: usize,
}

struct Handle {
    open: Open,
    used: Duration,
}

impl Handles {
    pub(super) fn new(most: usize) -> Self {
        Self { open: HashMap::new(), most }
    }

    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    pub(super) fn take(&mut self, split: &SplitId) -> Option<Open> {
        self.open.remove(split).map(|handle| handle.open)
    }

    pub(super) fn put(&mut self, split: SplitId, open: Open, now: Duration) {
        self.open.insert(split, Handle { open, used: now });
    }

    /// Closes what was not used for long.
    pub(super) fn close_idle(&mut self, catalog: &mut Catalog, now: Duration) {
        self.open.retain(|split, handle| {
            let is_idle = now.saturating_sub(handle.used) >= IDLE;
            if is_idle {
                catalog.set_open(split, false);
            }
            !is_idle
        });
    }

    /// Closes what was used longest ago, so that so many can be put here, and says how many may be.
    pub(super) fn make_room(&mut self, catalog: &mut Catalog, more: usize) -> usize {
        let excess = self.open.len().saturating_sub(self.most.saturating_sub(more));
        if excess > 0 {
            let mut used: Vec<_> =
                self.open.iter().map(|(split, handle)| (handle.used, split.clone())).collect();
            used.sort();
            for (_, split) in used.into_iter().take(excess) {
                self.open.remove(&split);
                catalog.set_open(&split, false);
            }
        }
        self.most.saturating_sub(self.open.len())
    }

    /// The sizes of plain files that are open, which no look at the folders shows when they are
    /// deleted.
    pub(super) fn sizes(&self) -> impl Iterator<Item = (&SplitId, u64)> {
        self.open.iter().filter_map(|(split, handle)| match &handle.open {
            Open::Plain(file) => Some((split, file.metadata().ok()?.len())),
            Open::Expanded(_) => None,
        })
    }

    pub(super) fn clear(&mut self) {
        self.open.clear();
    }
}

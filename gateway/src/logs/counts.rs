//! How many lines there were.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tracing::Level;

/// How many lines of the log there were since the start of the process.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    errors: AtomicU64,
    warnings: AtomicU64,
    infos: AtomicU64,
    held_back: AtomicU64,
}

static COUNTS: Counts = Counts {
    errors: AtomicU64::new(0),
    warnings: AtomicU64::new(0),
    infos: AtomicU64::new(0),
    held_back: AtomicU64::new(0),
};

/// Those of this process.
pub(crate) fn counts() -> &'static Counts {
    &COUNTS
}

impl Counts {
    /// Lines by level, also those that were held back.
    pub(crate) fn lines(&self) -> [(&'static str, u64); 3] {
        let lines = [("error", &self.errors), ("warn", &self.warnings), ("info", &self.infos)];
        lines.map(|(level, count)| (level, count.load(Relaxed)))
    }

    /// Lines that were counted and not written.
    pub(crate) fn held_back(&self) -> u64 {
        self.held_back.load(Relaxed)
    }

    pub(super) fn add(&self, level: Level) {
        let count = match level {
            Level::ERROR => &self.errors,
            Level::WARN => &self.warnings,
            Level::INFO => &self.infos,
            _ => return,
        };
        count.fetch_add(1, Relaxed);
    }

    pub(super) fn hold_back(&self) {
        self.held_back.fetch_add(1, Relaxed);
    }
}

//! Named places at which a test can make the process die.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

struct Wanted {
    point: String,
    remaining: AtomicU32,
}

static WANTED: OnceLock<Option<Wanted>> = OnceLock::new();

/// Aborts the process here if `FOREBAY_CRASH_AT` names this point: `after-plan`, or
/// `after-plan:3` for the third time that it is passed. The points are listed in
/// `docs/design.md`. Without the variable it costs one load.
pub fn point(name: &str) {
    point_after(name, || {});
}

/// The same, for a point in the middle of something: what a crash would leave half done is done
/// first.
pub fn point_after(name: &str, half: impl FnOnce()) {
    let wanted = WANTED.get_or_init(|| {
        let wish = std::env::var("FOREBAY_CRASH_AT").ok()?;
        let (point, count) = match wish.split_once(':') {
            Some((point, count)) => (point.to_owned(), count.parse().unwrap_or(1)),
            None => (wish, 1),
        };
        Some(Wanted { point, remaining: AtomicU32::new(count) })
    });
    if let Some(wanted) = wanted
        && wanted.point == name
        && wanted.remaining.fetch_sub(1, Ordering::Relaxed) == 1
    {
        half();
        std::process::abort();
    }
}

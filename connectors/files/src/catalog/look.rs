//! What the catalog is shown with a look at the folder, and what it tells about it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

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

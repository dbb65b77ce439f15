//! The journal that every receiver has.

use forebay_core::component::Problem;
use forebay_core::units::{ByteSize, TimeSpan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the records of a receiver wait until they are in the sinks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct JournalSettings {
    /// Where the records are when a sender is answered.
    pub durability: JournalDurability,
    /// When records are forced to the disk.
    pub fsync: Fsync,
    /// With `fsync = "interval"`: the longest time between two syncs.
    pub fsync_interval: TimeSpan,
    /// The size at which a new segment file is begun.
    pub segment_bytes: ByteSize,
    /// The most bytes that wait, at least 1MiB; when they are reached, senders wait. Absent = 1GiB
    /// on disk, 64MiB in memory.
    pub max_bytes: Option<ByteSize>,
}

impl Default for JournalSettings {
    fn default() -> Self {
        Self {
            durability: JournalDurability::default(),
            fsync: Fsync::default(),
            fsync_interval: TimeSpan::from_millis(100),
            segment_bytes: ByteSize::mib(64),
            max_bytes: None,
        }
    }
}

/// Where the records are when a sender is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JournalDurability {
    /// In the journal: a crash loses nothing that was answered.
    #[default]
    Journal,
    /// In memory: a crash loses what was not yet written to the sinks.
    Memory,
}

/// When records are forced to the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fsync {
    /// Before their sender is answered; all that arrived together share one sync.
    #[default]
    Batch,
    /// At every `fsync_interval`.
    Interval,
    /// When the operating system likes.
    Never,
}

impl JournalSettings {
    /// Finds what is out of range.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let small = self.max_bytes.is_some_and(|bytes| bytes < ByteSize::mib(1));
        small.then(|| Problem::at("max_bytes", "must be at least 1MiB")).into_iter().collect()
    }
}

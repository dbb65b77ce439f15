//! The journal that every receiver has.

use forebay_core::units::{ByteSize, TimeSpan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The write-ahead log of a receiver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct JournalSettings {
    /// When a sender is answered.
    pub durability: JournalDurability,
    /// The most bytes that wait on disk; when they are reached, senders wait.
    pub max_bytes: ByteSize,
    /// How long a group commit gathers records before it is written.
    pub linger: TimeSpan,
}

impl Default for JournalSettings {
    fn default() -> Self {
        Self {
            durability: JournalDurability::Journal,
            max_bytes: ByteSize::mib(1024),
            linger: TimeSpan::from_millis(2),
        }
    }
}

/// When a sender is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JournalDurability {
    /// When the record is in the journal: a crash loses nothing that was answered.
    #[default]
    Journal,
    /// When the record is in memory: a crash loses what was not yet written to the sinks.
    Memory,
}

//! The options of a journal.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::component::Problem;
use crate::units::{ByteSize, TimeSpan};

/// How what a receiver took in is kept until it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct JournalSettings {
    /// Where records are kept until they are written. Default `journal`.
    pub durability: Durability,
    /// When records are forced to the disk. Default `batch`. Only with `durability = "journal"`.
    pub fsync: Fsync,
    /// The longest time between two syncs with `fsync = "interval"`, at least `1ms`. Default
    /// `100ms`.
    pub fsync_interval: TimeSpan,
    /// The size at which a new segment file is begun, at least `64KiB`. Default `64MiB`. Space on
    /// the disk is freed by whole segments, and a segment is never larger than a quarter of
    /// `max_bytes`. As long as the gateway runs, up to four that are done with stay to be written
    /// over, within `max_bytes`.
    pub segment_bytes: ByteSize,
    /// The most bytes that are kept, at least `1MiB`. Default `1GiB` with `durability =
    /// "journal"`, `64MiB` with `"memory"`. When half of them wait only for a sink that gathers
    /// (files that roll), it is told to write what it has; when they are full, the receiver waits
    /// or tells its senders to come later.
    pub max_bytes: Option<ByteSize>,
}

impl Default for JournalSettings {
    fn default() -> Self {
        Self {
            durability: Durability::default(),
            fsync: Fsync::default(),
            fsync_interval: TimeSpan::from_millis(100),
            segment_bytes: ByteSize::mib(64),
            max_bytes: None,
        }
    }
}

/// Where records are kept until they are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// On disk: a sender is answered when its records are there, and they survive a crash.
    #[default]
    Journal,
    /// In memory: faster, but a crash or a restart loses what was acknowledged and not yet
    /// written.
    Memory,
}

/// When records are forced to the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fsync {
    /// Before they are acknowledged; all that arrived together share one sync.
    #[default]
    Batch,
    /// Every `fsync_interval`: a crash of the process loses nothing, a loss of power loses what
    /// was acknowledged within the interval.
    Interval,
    /// When the operating system likes: a crash of the process loses nothing, a loss of power
    /// may lose what was acknowledged within some half a minute.
    Never,
}

const MAX_CHUNK_BYTES: u64 = 16 << 20;
const MIN_BYTES: u64 = 1 << 20;
const MIN_SEGMENT_BYTES: u64 = 64 << 10;

impl JournalSettings {
    /// Finds what is wrong with the options.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.max_bytes.is_some_and(|bytes| bytes.0 < MIN_BYTES) {
            problems.push(Problem::at("max_bytes", "must be at least 1MiB"));
        }
        if self.segment_bytes.0 < MIN_SEGMENT_BYTES {
            problems.push(Problem::at("segment_bytes", "must be at least 64KiB"));
        }
        if self.fsync_interval < TimeSpan::from_millis(1) {
            problems.push(Problem::at("fsync_interval", "must be at least 1ms"));
        }
        problems
    }

    /// The most bytes that are kept, in force.
    #[must_use]
    pub fn max_bytes(&self) -> u64 {
        let default = match self.durability {
            Durability::Journal => ByteSize::mib(1024),
            Durability::Memory => ByteSize::mib(64),
        };
        self.max_bytes.unwrap_or(default).0.max(MIN_BYTES)
    }

    /// The size of a segment, in force: with four of them or more, a commit of all that was read
    /// always makes room for the largest frame.
    pub(crate) fn segment_bytes(&self) -> u64 {
        self.segment_bytes.0.clamp(MIN_SEGMENT_BYTES, self.max_bytes() / 4)
    }

    /// The largest frame: a quarter of what is kept, so that waiting for room always ends.
    pub(crate) fn max_frame_bytes(&self) -> u64 {
        (self.max_bytes() / 4).min(6 * MAX_CHUNK_BYTES)
    }

    /// The largest chunk in bytes of values: even if every value is a single byte, its frame with
    /// four bytes of offset each is not too large.
    pub(crate) fn max_chunk_bytes(&self) -> u64 {
        self.max_frame_bytes() / 6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_in_force_leave_room_for_the_largest_frame() {
        for max_bytes in [None, Some(ByteSize(0)), Some(ByteSize::mib(3)), Some(ByteSize(1 << 40))]
        {
            for segment_bytes in [ByteSize(0), ByteSize::mib(64), ByteSize(1 << 40)] {
                let settings = JournalSettings { max_bytes, segment_bytes, ..Default::default() };
                let largest = settings.segment_bytes().max(settings.max_frame_bytes());
                assert!(largest + settings.max_frame_bytes() <= settings.max_bytes());
                assert!(settings.max_chunk_bytes() * 5 < settings.max_frame_bytes());
                assert!(settings.max_frame_bytes() <= u64::from(u32::MAX));
            }
        }
    }

    #[test]
    fn all_findings_at_once() {
        let settings = JournalSettings {
            max_bytes: Some(ByteSize(1)),
            segment_bytes: ByteSize(1),
            fsync_interval: TimeSpan::from_millis(0),
            ..Default::default()
        };
        assert_eq!(settings.check().len(), 3);
        assert!(JournalSettings::default().check().is_empty());
    }
}

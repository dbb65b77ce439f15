//! A batch between being read and being written.

use serde::Serialize;

use crate::batch::BatchId;

/// A batch between being read and being written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnderWay {
    /// The batch.
    pub batch: BatchId,
    /// What is done with it now.
    pub stage: BatchStage,
    /// Since when, in milliseconds since the Unix epoch.
    pub since_ms: u64,
    /// Records that were read.
    pub records: u64,
    /// Bytes of raw records that were read.
    pub bytes: u64,
}

/// What is done with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchStage {
    /// Its records become columns.
    Decode,
    /// Its columns go through the transform.
    Transform,
    /// It waits for the batch before it to be written.
    Ready,
    /// The sinks write it, and it is committed.
    Write,
}

impl BatchStage {
    /// All of them, in the order of a batch's way.
    pub const ALL: [Self; 4] = [Self::Decode, Self::Transform, Self::Ready, Self::Write];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Transform => "transform",
            Self::Ready => "ready",
            Self::Write => "write",
        }
    }
}

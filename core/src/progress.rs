//! What listeners are told of a pipeline.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::batch::BatchId;
use crate::position::Position;
use crate::split::SplitId;

/// Hears of everything that happens to a pipeline. It is called on the engine's task and must
/// not block.
pub trait Listener: Send + Sync {
    /// Something happened.
    fn on_event(&self, event: &Event);
}

/// What can happen to a pipeline.
#[derive(Clone, Debug)]
pub enum Event {
    /// The pipeline entered a state.
    State {
        /// The pipeline.
        pipeline: Arc<str>,
        /// Its state.
        state: PipelineState,
    },
    /// A batch was written and recorded.
    Progress(Arc<Progress>),
    /// Batches up to this one are durable and committed.
    Committed {
        /// The pipeline.
        pipeline: Arc<str>,
        /// The last of them.
        upto: BatchId,
    },
}

/// The state of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PipelineState {
    /// Opening its checkpoint, connecting, replaying.
    Starting,
    /// Batches flow, or would if there were records.
    Running,
    /// A person stopped the reading for now; what was read is written.
    Paused,
    /// It cannot go on for now, and tries again by itself.
    Waiting {
        /// The component that it waits for: a source, a sink, `checkpoint`.
        component: String,
        /// Why, in a sentence.
        reason: String,
    },
    /// Reading has ended; what was read is written.
    Draining,
    /// It ended as it was asked to.
    Stopped,
    /// It ended because going on is pointless until a person changes something.
    Failed {
        /// Why, in a sentence.
        reason: String,
    },
}

/// The progress of one batch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The pipeline.
    pub pipeline: Arc<str>,
    /// The batch.
    pub batch: BatchId,
    /// When the batch was complete, in milliseconds since the Unix epoch.
    pub time_ms: u64,
    /// Records that were read.
    pub records: u64,
    /// Bytes of raw records that were read.
    pub bytes: u64,
    /// Time that decoding, transforming, writing and committing took, in milliseconds.
    pub processing_ms: f64,
    /// Time from when the batch was due until its processing began, in milliseconds, the waiting
    /// for the batch before it included.
    pub scheduling_delay_ms: f64,
    /// The rate in force for this batch over all splits, in records per second; absent if there
    /// was no limit.
    pub rate: Option<f64>,
    /// What kept the batch from being larger.
    pub limited_by: LimitedBy,
    /// Time by stage.
    #[serde(default)]
    pub stages: Stages,
    /// Rows handed to the sinks.
    #[serde(default)]
    pub rows: u64,
    /// Records that became dead letters.
    #[serde(default)]
    pub dead_letters: u64,
    /// Attempts beyond the first, over all sinks.
    #[serde(default)]
    pub retries: u64,
    /// What became of it at each sink.
    #[serde(default)]
    pub sinks: Vec<SinkProgress>,
    /// What the controller made of it; absent without a controller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<Control>,
    /// How full the buckets of the limits were when it had been read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<Tokens>,
    /// The largest splits of the batch, at most [`Progress::MAX_SPLITS`].
    pub splits: Vec<SplitProgress>,
    /// All other splits that could have been read: those beyond the largest, and those that gave
    /// nothing to this batch. They are no part of a record of the progress.
    #[serde(skip)]
    pub other_splits: Vec<SplitProgress>,
}

impl Progress {
    /// The most splits that are listed: those that yielded the most.
    pub const MAX_SPLITS: usize = 256;
}

/// Time by stage, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stages {
    /// Reading from the sources.
    pub read_ms: f64,
    /// Decoding and transforming.
    pub prepare_ms: f64,
    /// The part of `prepare_ms` that transforming took.
    #[serde(default)]
    pub transform_ms: f64,
    /// Writing to the sinks, retries included.
    pub write_ms: f64,
    /// Making durable, recording, publishing.
    pub commit_ms: f64,
}

/// What became of a batch at one sink.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SinkProgress {
    /// The sink.
    pub sink: Arc<str>,
    /// Time that writing took, in milliseconds, retries and their pauses included.
    pub write_ms: f64,
    /// Attempts beyond the first.
    pub retries: u64,
    /// Rows that it refused for good.
    pub dead_letters: u64,
    /// The last error after which it was tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// How full the bucket of a limit was when a batch had been read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tokens {
    /// The source that the limit is of; absent = the pipeline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Arc<str>>,
    /// The limit: `max_rate`, `max_bytes_per_second`, or `controller`.
    pub limit: Cow<'static, str>,
    /// Records, or bytes where the limit is one of bytes, that might pass at once.
    pub available: u64,
}

/// What the controller made of a batch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Control {
    /// The rate that it set for batches to come, in records per second; absent while it has none.
    pub rate: Option<f64>,
    /// How it came to it, in the order of its formula.
    pub terms: Vec<Term>,
}

/// One term of a controller's formula.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// Its name and unit: `proportional`, `fixed_ms`.
    pub name: Cow<'static, str>,
    /// Its value.
    pub value: f64,
}

/// What one split gave to a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitProgress {
    /// The source.
    pub source: Arc<str>,
    /// The split.
    pub split: SplitId,
    /// The position of the first record.
    pub from: Position,
    /// The position after the last record.
    pub until: Position,
    /// Records that it yielded.
    pub records: u64,
    /// Records that it was granted.
    pub granted: u64,
    /// Records that remained behind `until`; absent if unknown.
    pub lag: Option<u64>,
    /// Age of the oldest record that waited when the batch was read, in milliseconds; absent if
    /// unknown.
    #[serde(default)]
    pub oldest_ms: Option<u64>,
    /// The position after the last record that existed when the batch was read; absent if unknown.
    #[serde(default)]
    pub end: Option<Position>,
    /// The assignment under which this gateway owned the split.
    #[serde(default)]
    pub generation: u64,
}

/// What kept a batch, or a split in it, from being larger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitedBy {
    /// There was no more to read.
    #[default]
    Available,
    /// A limit in the configuration.
    Configured,
    /// The rate that the controller found.
    Controller,
    /// The largest batch that is allowed, in records or bytes.
    BatchSize,
    /// The byte budget of the process.
    Memory,
}

impl LimitedBy {
    /// The word as it stands in metrics and progress records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Configured => "configured",
            Self::Controller => "controller",
            Self::BatchSize => "batch_size",
            Self::Memory => "memory",
        }
    }
}

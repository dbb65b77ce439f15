//! `[pipelines.NAME]`: what flows from where to where.

use forebay_core::flow::Backpressure;
use forebay_core::trigger::Trigger;
use forebay_core::units::{ByteSize, TimeSpan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What flows from where to where, how often, and how fast.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PipelineSettings {
    /// The sources, by name.
    #[schemars(length(min = 1))]
    pub from: Vec<String>,
    /// The sinks, by name. Each gets every batch.
    #[schemars(length(min = 1))]
    pub to: Vec<String>,
    /// The time from batch to batch; `"0ms"` = as soon as there is data.
    #[serde(default = "interval")]
    pub interval: TimeSpan,
    /// What starts a batch.
    #[serde(default)]
    pub trigger: TriggerKind,
    /// The controller that keeps the rate to what the sinks sustain; absent = off.
    #[serde(default)]
    pub backpressure: Option<Backpressure>,
    /// The most records per second of all sources together; absent = no limit.
    #[serde(default)]
    #[schemars(range(min = 0.001))]
    pub max_rate: Option<f64>,
    /// The most records in one batch.
    #[serde(default = "max_batch_records")]
    #[schemars(range(min = 1))]
    pub max_batch_records: u64,
    /// The most bytes in one batch, as they arrived.
    #[serde(default = "max_batch_bytes")]
    pub max_batch_bytes: ByteSize,
    /// How many batches may be under way at once: while one is written, the next are read.
    /// Batches are written and committed in order. From 1 to 64.
    #[serde(default = "max_in_flight")]
    #[schemars(range(min = 1, max = 64))]
    pub max_in_flight: usize,
    /// The sink for records that could not be delivered; absent = files beside the checkpoint.
    #[serde(default)]
    pub dead_letters: Option<String>,
    /// The longest time that stopping may take; what is not committed by then is read again after
    /// the next start.
    #[serde(default = "stop_timeout")]
    pub stop_timeout: TimeSpan,
}

/// What starts a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TriggerKind {
    /// The clock, at multiples of `interval`.
    #[default]
    Interval,
    /// Data, as soon as there is some and room for another batch.
    OnData,
    /// The start: one batch, then the end.
    Once,
}

fn interval() -> TimeSpan {
    TimeSpan::from_millis(500)
}

fn max_batch_records() -> u64 {
    1_000_000
}

fn max_batch_bytes() -> ByteSize {
    ByteSize::mib(4)
}

fn max_in_flight() -> usize {
    2
}

fn stop_timeout() -> TimeSpan {
    TimeSpan::from_secs(30)
}

impl PipelineSettings {
    /// What starts a batch, for the engine.
    #[must_use]
    pub fn trigger(&self) -> Trigger {
        match self.trigger {
            TriggerKind::Interval if self.interval.0.is_zero() => Trigger::OnData,
            TriggerKind::Interval => Trigger::Interval(self.interval.0),
            TriggerKind::OnData => Trigger::OnData,
            TriggerKind::Once => Trigger::Once,
        }
    }
}

//! Why a rate is what it is.

use std::sync::Arc;

use forebay_core::engine::Tuning;
use forebay_core::flow::Backpressure;
use forebay_core::progress::{LimitedBy, PipelineState};
use forebay_core::units::ByteSize;
use serde::Serialize;

use super::live::grouped;
use super::observed::Role;
use super::view::PipelineView;
use crate::config::{Config, PipelineConfig};

/// What sets the rate of a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SetBy {
    /// Nothing yet: it is starting, or has no batch behind it.
    Nothing,
    /// There was no more to read.
    Available,
    /// A limit in the configuration, or one that was set since.
    Configured,
    /// The rate that the controller found.
    Controller,
    /// The lowest rate that the controller may set.
    Floor,
    /// The largest batch that is allowed.
    BatchSize,
    /// The byte budget of the process.
    Memory,
    /// A person, who paused it.
    Paused,
    /// A source that cannot be read.
    SourceDown,
    /// A sink that does not take what it is given.
    SinkDown,
    /// The checkpoint, which cannot be written.
    CheckpointDown,
    /// The end of the pipeline.
    Ended,
}

/// What bounds a pipeline, as far as its configuration says it.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// The time from batch to batch, in milliseconds; 0 where batches begin with data.
    pub interval_ms: f64,
    /// The most records of one batch.
    pub max_batch_records: u64,
    /// The most bytes of one batch.
    pub max_batch_bytes: u64,
    /// The controller; `None` without one.
    pub backpressure: Option<Backpressure>,
    /// The memory of the process, in bytes.
    pub memory: u64,
    sources: Vec<Arc<str>>,
}

impl SetBy {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Nothing,
        Self::Available,
        Self::Configured,
        Self::Controller,
        Self::Floor,
        Self::BatchSize,
        Self::Memory,
        Self::Paused,
        Self::SourceDown,
        Self::SinkDown,
        Self::CheckpointDown,
        Self::Ended,
    ];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Available => "available",
            Self::Configured => "configured",
            Self::Controller => "controller",
            Self::Floor => "floor",
            Self::BatchSize => "batch_size",
            Self::Memory => "memory",
            Self::Paused => "paused",
            Self::SourceDown => "source_down",
            Self::SinkDown => "sink_down",
            Self::CheckpointDown => "checkpoint_down",
            Self::Ended => "ended",
        }
    }
}

impl Bounds {
    /// The bounds of a pipeline.
    #[must_use]
    pub fn new(config: &Config, pipeline: &PipelineConfig) -> Self {
        let own = &pipeline.settings;
        Self {
            interval_ms: own.interval.0.as_secs_f64() * 1e3,
            max_batch_records: own.max_batch_records,
            max_batch_bytes: own.max_batch_bytes.0,
            backpressure: own.backpressure.clone(),
            memory: config.gateway.memory.0,
            sources: pipeline.sources.iter().map(|source| source.name.clone()).collect(),
        }
    }

    /// The part of the interval that a batch should take, where a controller aims at one.
    #[must_use]
    pub fn target(&self) -> Option<f64> {
        use forebay_core::flow::EstimatorKind;
        self.backpressure.as_ref().map(|it| match it.estimator {
            EstimatorKind::Adaptive => it.headroom,
            EstimatorKind::Pid => 1.0,
        })
    }

    fn role(&self, component: &str) -> Option<Role> {
        match component {
            "checkpoint" => None,
            name if self.sources.iter().any(|source| **source == *name) => Some(Role::Source),
            _ => Some(Role::Sink),
        }
    }
}

/// Why a rate is what it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Why {
    /// What sets it.
    pub set_by: SetBy,
    /// The rate in force over all sources, in records per second; absent if there is none.
    pub rate: Option<f64>,
    /// Why, in a sentence.
    pub sentence: String,
    /// The part of the interval that the last batch took; absent where there is no interval.
    pub utilisation: Option<f64>,
    /// The part that the controller aims at; absent without a controller.
    pub target: Option<f64>,
}

/// Says why a pipeline's rate is what it is.
#[must_use]
pub fn why(view: &PipelineView, bounds: &Bounds, tuning: &Tuning) -> Why {
    let (set_by, sentence) = match &view.state {
        PipelineState::Starting => (SetBy::Nothing, "nothing flows yet: it is starting".to_owned()),
        PipelineState::Paused => {
            (SetBy::Paused, "nothing is read: it was paused by a person".to_owned())
        }
        PipelineState::Waiting { component, reason } => {
            let set_by = match bounds.role(component) {
                None => SetBy::CheckpointDown,
                Some(Role::Source) => SetBy::SourceDown,
                Some(_) => SetBy::SinkDown,
            };
            (set_by, format!("nothing flows: it waits for `{component}`: {reason}"))
        }
        PipelineState::Failed { reason } => (SetBy::Ended, format!("it failed: {reason}")),
        PipelineState::Stopped => (SetBy::Ended, "it has stopped".to_owned()),
        PipelineState::Draining | PipelineState::Running => flowing(view, bounds, tuning),
    };
    let last = view.last();
    let utilisation = last
        .filter(|_| bounds.interval_ms > 0.0)
        .map(|last| last.processing_ms / bounds.interval_ms);
    let rate = last.and_then(|last| last.rate);
    Why { set_by, rate, sentence, utilisation, target: bounds.target() }
}

fn flowing(view: &PipelineView, bounds: &Bounds, tuning: &Tuning) -> (SetBy, String) {
    let Some(last) = view.last() else {
        return (SetBy::Nothing, "no record has come yet".to_owned());
    };
    let rate = last.rate.unwrap_or_default();
    let per_second = grouped(rate.round() as u64);
    match last.limited_by {
        LimitedBy::Available => (
            SetBy::Available,
            "everything that comes is taken: there was no more to read".to_owned(),
        ),
        LimitedBy::Configured => (
            SetBy::Configured,
            match configured(tuning) {
                limits if limits.is_empty() => "a limit of its splits is reached".to_owned(),
                limits => format!("a limit that was configured is reached: {}", limits.join(", ")),
            },
        ),
        LimitedBy::Controller => controlled(bounds, rate, &per_second),
        LimitedBy::BatchSize => (
            SetBy::BatchSize,
            format!(
                "more is there than one batch may hold: {} records or {}",
                grouped(bounds.max_batch_records),
                ByteSize(bounds.max_batch_bytes)
            ),
        ),
        LimitedBy::Memory => (
            SetBy::Memory,
            format!("the memory of the gateway, {}, is in use", ByteSize(bounds.memory)),
        ),
    }
}

fn controlled(bounds: &Bounds, rate: f64, per_second: &str) -> (SetBy, String) {
    let aim = match bounds.target() {
        Some(target) if bounds.interval_ms > 0.0 => format!(
            "so that a batch takes {:.0} % of its {:.0} ms",
            target * 100.0,
            bounds.interval_ms
        ),
        _ => "so that the sinks keep up".to_owned(),
    };
    let minimum = bounds.backpressure.as_ref().map(|it| it.minimum);
    if minimum.is_some_and(|minimum| rate <= minimum) {
        let sentence = format!(
            "the controller is at its floor of {per_second} records/s, and would go lower {aim}"
        );
        return (SetBy::Floor, sentence);
    }
    (SetBy::Controller, format!("the controller allows {per_second} records/s, {aim}"))
}

/// The limits that are set, in words.
fn configured(tuning: &Tuning) -> Vec<String> {
    let rate = |rate: f64| format!("{} records/s", grouped(rate.round() as u64));
    let bytes = |size: ByteSize| format!("{size}/s");
    let mut limits: Vec<String> = Vec::new();
    limits.extend(tuning.max_rate.map(|it| format!("`max_rate` {}", rate(it))));
    for (source, own) in &tuning.limits {
        let own = [
            ("max_rate", own.max_rate.map(rate)),
            ("max_rate_per_split", own.max_rate_per_split.map(rate)),
            ("max_bytes_per_second", own.max_bytes_per_second.map(bytes)),
            ("max_bytes_per_second_per_split", own.max_bytes_per_second_per_split.map(bytes)),
        ];
        let set = own.into_iter().filter_map(|(key, value)| Some((key, value?)));
        limits.extend(set.map(|(key, value)| format!("`{key}` of `{source}` {value}")));
    }
    limits
}

#[cfg(test)]
mod tests {
    use forebay_core::flow::Limits;
    use forebay_core::progress::Progress;

    use super::*;

    fn bounds() -> Bounds {
        Bounds {
            interval_ms: 500.0,
            max_batch_records: 1_000_000,
            max_batch_bytes: 4 << 20,
            backpressure: Some(Backpressure::default()),
            memory: 256 << 20,
            sources: vec!["orders".into()],
        }
    }

    fn view(state: PipelineState, limited_by: LimitedBy, rate: f64) -> PipelineView {
        let mut view = PipelineView { state, ..PipelineView::default() };
        let (processing_ms, rate) = (250.0, Some(rate));
        let last = Progress { limited_by, rate, processing_ms, ..Progress::default() };
        view.recent.push_back(Arc::new(last));
        view
    }

    #[test]
    fn what_flows_is_explained_by_what_limits_it() {
        let limits = Limits { max_rate_per_split: Some(1_500.0), ..Limits::default() };
        let tuning = Tuning { limits: [("orders".into(), limits)].into(), ..Tuning::default() };
        let table = [
            (LimitedBy::Available, 9e3, SetBy::Available, "there was no more to read"),
            (LimitedBy::Configured, 9e3, SetBy::Configured, "`orders` 1 500 records/s"),
            (LimitedBy::Controller, 9e3, SetBy::Controller, "9 000 records/s, so that a batch"),
            (LimitedBy::Controller, 100.0, SetBy::Floor, "at its floor of 100 records/s"),
            (LimitedBy::BatchSize, 9e3, SetBy::BatchSize, "1 000 000 records or 4MiB"),
            (LimitedBy::Memory, 9e3, SetBy::Memory, "256MiB"),
        ];
        for (by, rate, set_by, words) in table {
            let told = why(&view(PipelineState::Running, by, rate), &bounds(), &tuning);
            assert_eq!((told.set_by, told.utilisation), (set_by, Some(0.5)), "{told:?}");
            assert!(told.sentence.contains(words), "{told:?}");
        }
    }

    #[test]
    fn what_does_not_flow_is_explained_by_its_state() {
        let waits = |component: &str| PipelineState::Waiting {
            component: component.to_owned(),
            reason: "no answer".to_owned(),
        };
        let table = [
            (PipelineState::Starting, SetBy::Nothing, "starting"),
            (PipelineState::Paused, SetBy::Paused, "paused"),
            (waits("orders"), SetBy::SourceDown, "`orders`: no answer"),
            (waits("kept"), SetBy::SinkDown, "`kept`: no answer"),
            (waits("checkpoint"), SetBy::CheckpointDown, "`checkpoint`"),
            (PipelineState::Failed { reason: "disk".into() }, SetBy::Ended, "failed: disk"),
            (PipelineState::Stopped, SetBy::Ended, "stopped"),
        ];
        for (state, set_by, words) in table {
            let view = view(state, LimitedBy::Controller, 5.0);
            let told = why(&view, &bounds(), &Tuning::default());
            assert_eq!(told.set_by, set_by, "{told:?}");
            assert!(told.sentence.contains(words), "{told:?}");
        }
    }

    #[test]
    fn a_word_is_the_same_in_metrics_and_in_the_api() {
        for set_by in SetBy::ALL {
            assert_eq!(serde_json::json!(set_by), set_by.as_str());
        }
    }
}

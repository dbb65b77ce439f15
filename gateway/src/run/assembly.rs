//! Puts a pipeline together from its checked configuration.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use forebay_core::budget::Budget;
use forebay_core::checkpoint::{Checkpoint, CheckpointError, LocalCheckpoint};
use forebay_core::clock::Clock;
use forebay_core::component::{BuildContext, Input, Problem};
use forebay_core::engine::{
    InputParts, OpenCheckpoint, OutputParts, Pipeline, Settings, Tuning, Window,
};
use forebay_core::flow::{Limits, Rate};
use forebay_core::journal::{self, ReceiverSource};
use forebay_core::progress::Listener;
use forebay_core::retry::RetryPolicy;
use forebay_core::source::{Positions, Source};
use thiserror::Error;
use tokio::sync::watch;

use super::observed::{Observed, Role};
use super::place::{Place, PlaceError};
use crate::config::{PipelineConfig, SinkConfig, SourceConfig};
use crate::registry::Registry;

/// What all pipelines of a process share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) budget: Budget,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) listener: Arc<dyn Listener>,
    pub(super) available_now: bool,
}

/// Why a pipeline cannot be put together although its configuration is right.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AssemblyError {
    /// Its folder cannot be used.
    #[error("{0}")]
    Place(#[from] PlaceError),
    /// A component does not take its options.
    #[error("{component}: {reason}")]
    Component {
        /// Which.
        component: String,
        /// Why, and what to do.
        reason: String,
    },
}

impl AssemblyError {
    pub(super) fn of(component: &str, problem: &Problem) -> Self {
        let help = problem.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        let path = match problem.path.join(".") {
            path if path.is_empty() => path,
            path => format!("`{path}`: "),
        };
        let reason = format!("{path}{}{help}", problem.message);
        Self::Component { component: component.to_owned(), reason }
    }
}

/// A pipeline that is put together, and its components as they can be looked at.
pub(super) struct Assembled {
    pub(super) pipeline: Pipeline,
    pub(super) tuning: watch::Sender<Tuning>,
    pub(super) window: Window,
    pub(super) observed: Vec<Observed>,
}

/// Puts a pipeline together.
///
/// # Errors
/// See [`AssemblyError`].
pub(super) fn assemble(
    config: &PipelineConfig,
    place: &Place,
    registry: &Registry,
    shared: &Shared,
) -> Result<Assembled, AssemblyError> {
    let context = contexts(config, place)?;
    let inputs = config.sources.iter().map(|source| {
        let input = source
            .settings
            .build_input(&context(&source.name, &source.base))
            .map_err(|problem| AssemblyError::of(&format!("sources.{}", source.name), &problem))?;
        Ok(InputParts {
            name: source.name.clone(),
            source: replayable(input, source, place, shared),
            limits: source.keys.limits,
        })
    });
    let inputs = inputs.collect::<Result<_, AssemblyError>>()?;
    assemble_with(inputs, config, place, registry, shared)
}

/// Puts a pipeline together that reads these inputs.
///
/// # Errors
/// See [`AssemblyError`].
pub(super) fn assemble_with(
    inputs: Vec<InputParts>,
    config: &PipelineConfig,
    place: &Place,
    registry: &Registry,
    shared: &Shared,
) -> Result<Assembled, AssemblyError> {
    let context = contexts(config, place)?;
    let output = |sink: &SinkConfig, name: &str| {
        let built = sink
            .settings
            .build_sink(&context(name, &sink.base))
            .map_err(|problem| AssemblyError::of(&format!("sinks.{}", sink.name), &problem))?;
        Ok::<_, AssemblyError>(OutputParts {
            name: name.into(),
            sink: built,
            retry: sink.keys.retry.clone(),
        })
    };
    let outputs = config.sinks.iter().map(|sink| output(sink, &sink.name));
    let dead_letters = match &config.dead_letters {
        Some(sink) => output(sink, &format!("dead-letters.{}", sink.name))?,
        None => {
            default_dead_letters(config, place, registry, &context("dead-letters", "".as_ref()))?
        }
    };
    let outputs = outputs.collect::<Result<Vec<_>, AssemblyError>>()?;
    can_recognise_batches(&inputs, &outputs)?;
    let observed = observed(config, &inputs, &outputs, &dead_letters);
    let settings = settings(config, shared.available_now);
    let (tuning, wanted) = watch::channel(Tuning::of(&settings, &inputs));
    let window = Window::default();
    let pipeline = Pipeline {
        settings,
        inputs,
        transform: None,
        outputs,
        dead_letters,
        checkpoint: Box::new(LocalOpener {
            place: place.clone(),
            pipeline: config.name.clone(),
            clock: shared.clock.clone(),
        }),
        tuning: Some(wanted),
        window: window.clone(),
        budget: shared.budget.clone(),
        clock: shared.clock.clone(),
        listener: shared.listener.clone(),
    };
    Ok(Assembled { pipeline, tuning, window, observed })
}

/// Sinks that recognise a batch that comes again need sources that read it again as it was.
fn can_recognise_batches(
    inputs: &[InputParts],
    outputs: &[OutputParts],
) -> Result<(), AssemblyError> {
    let shared = inputs.iter().find(|input| input.source.positions() == Positions::Source);
    let sink = outputs.iter().find(|output| output.sink.needs_plan());
    let (Some(shared), Some(sink)) = (shared, sink) else { return Ok(()) };
    Err(AssemblyError::Component {
        component: format!("sinks.{}", sink.name),
        reason: format!(
            "it recognises a batch that comes again after a crash by its number, but the              positions of `{}` do not stand in the checkpoint, so that the batch can have other              records then",
            shared.name
        ),
    })
}

/// The components, before the engine takes them. Parts stand in the order of the configuration.
fn observed(
    config: &PipelineConfig,
    inputs: &[InputParts],
    outputs: &[OutputParts],
    dead_letters: &OutputParts,
) -> Vec<Observed> {
    let one = |role, name: &Arc<str>, type_name, state| {
        let (pipeline, name) = (config.name.clone(), name.clone());
        Observed { pipeline, role, name, type_name, state }
    };
    let sources = inputs.iter().zip(&config.sources).map(|(input, source)| {
        let type_name = source.settings.entry().name();
        one(Role::Source, &source.name, type_name, input.source.observe())
    });
    let sinks = outputs.iter().zip(&config.sinks).map(|(output, sink)| {
        one(Role::Sink, &sink.name, sink.settings.entry().name(), output.sink.observe())
    });
    let type_name = config.dead_letters.as_ref().map_or("files", |s| s.settings.entry().name());
    let last = one(Role::DeadLetters, &dead_letters.name, type_name, dead_letters.sink.observe());
    sources.chain(sinks).chain([last]).collect()
}

/// Tells components of their surroundings, by name and the folder of their configuration file.
fn contexts(
    config: &PipelineConfig,
    place: &Place,
) -> Result<impl Fn(&str, &Path) -> BuildContext, PlaceError> {
    let identity = place.identity()?;
    let pipeline = config.name.clone();
    Ok(move |name: &str, base: &Path| BuildContext {
        name: name.into(),
        pipeline: pipeline.clone(),
        base: base.to_owned(),
        instance: format!("{pipeline}.{name}.{identity}").into(),
    })
}

fn replayable(
    input: Input,
    source: &SourceConfig,
    place: &Place,
    shared: &Shared,
) -> Box<dyn Source> {
    match input {
        Input::Source(source) => source,
        Input::Receiver(receiver) => Box::new(ReceiverSource::new(
            source.name.clone(),
            receiver,
            Some(place.journal(&source.name)),
            source.keys.journal.clone(),
            intake_limits(&source.keys.limits),
            shared.clock.clone(),
        )),
    }
}

/// A receiver's limits hold where records arrive, so that its senders feel them.
fn intake_limits(limits: &Limits) -> journal::Limits {
    let per_second = |rate: f64| Rate { per_second: rate, burst: rate.max(1.0) };
    journal::Limits {
        records: limits.max_rate.map(per_second),
        bytes: limits.max_bytes_per_second.map(|size| per_second(size.0 as f64)),
    }
}

/// Files of JSON lines beside the checkpoint.
fn default_dead_letters(
    config: &PipelineConfig,
    place: &Place,
    registry: &Registry,
    context: &BuildContext,
) -> Result<OutputParts, AssemblyError> {
    let missing = Problem::at("dead_letters", "this binary has no `files` sink to keep them")
        .help("name a sink for them");
    let component = format!("pipelines.{}", config.name);
    let folder = std::path::absolute(place.dead_letters()).unwrap_or(place.dead_letters());
    let options = serde_json::json!({
        "path": folder,
        "format": "json",
        "name": config.name,
        "roll_interval": "10s",
    });
    let entry = registry.find("sinks", "files").ok_or(missing);
    let sink = entry
        .and_then(|entry| entry.settings(options))
        .and_then(|settings| settings.build_sink(context))
        .map_err(|problem| AssemblyError::of(&component, &problem))?;
    Ok(OutputParts { name: "dead-letters".into(), sink, retry: RetryPolicy::default() })
}

fn settings(config: &PipelineConfig, available_now: bool) -> Settings {
    let own = &config.settings;
    Settings {
        trigger: own.trigger(),
        available_now,
        backpressure: own.backpressure.clone(),
        max_rate: own.max_rate,
        max_batch_records: own.max_batch_records,
        max_batch_bytes: own.max_batch_bytes.0,
        max_in_flight: own.max_in_flight,
        stop_timeout: own.stop_timeout.0,
        ..Settings::new(&config.name)
    }
}

/// Opens the log of a pipeline.
struct LocalOpener {
    place: Place,
    pipeline: Arc<str>,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl OpenCheckpoint for LocalOpener {
    async fn open(&self) -> Result<Box<dyn Checkpoint>, CheckpointError> {
        let folder = self.place.checkpoint();
        let opened = LocalCheckpoint::open(&folder, &self.pipeline, self.clock.now_ms()).await?;
        Ok(Box::new(opened))
    }
}

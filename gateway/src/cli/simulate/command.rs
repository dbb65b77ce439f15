//! The command line of `forebay simulate`.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use forebay_core::flow::Backpressure;
use forebay_core::units::TimeSpan;

use super::{past, recorded, scenario};
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::config::{self, Loaded, PipelineConfig};
use crate::registry::Registry;

/// Try the settings of the controller, without touching a pipeline.
///
/// Replays batches that `forebay run --progress jsonl` recorded through both estimators, `pid` and
/// `adaptive`, and shows batch by batch the rate that each would have set. The batches are what
/// they were: their sizes do not follow the rates that come out. With `--scenario`, a model of a
/// pipeline follows them.
#[derive(Debug, Args)]
pub(in crate::cli) struct Simulate {
    /// A configuration, whose pipeline gives the interval and the settings of `backpressure`.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The pipeline, if there are several in the configuration or among the batches.
    #[arg(long, value_name = "NAME")]
    pipeline: Option<String>,
    /// Recorded batches, one JSON object per line; `-` is standard input.
    #[arg(
        long,
        value_name = "JSONL",
        required_unless_present_any = ["scenario", "scenarios"],
        conflicts_with_all = ["scenario", "scenarios"]
    )]
    progress: Option<PathBuf>,
    /// Run a built-in scenario instead, by its name or number.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["scenarios", "file", "interval"])]
    scenario: Option<String>,
    /// List the built-in scenarios.
    #[arg(long)]
    scenarios: bool,
    /// The interval of the pipeline, such as `500ms`.
    #[arg(long, value_name = "DURATION")]
    interval: Option<TimeSpan>,
    /// `pid`: how strongly the last error counts.
    #[arg(long, value_name = "GAIN")]
    proportional: Option<f64>,
    /// `pid`: how strongly the records that queued up count.
    #[arg(long, value_name = "GAIN")]
    integral: Option<f64>,
    /// `pid`: how strongly the change of the error counts.
    #[arg(long, value_name = "GAIN")]
    derivative: Option<f64>,
    /// The lowest rate, in records per second.
    #[arg(long, value_name = "RATE")]
    minimum: Option<f64>,
    /// The rate until the first estimate, in records per second.
    #[arg(long, value_name = "RATE")]
    initial: Option<f64>,
    /// The highest rate, in records per second.
    #[arg(long, value_name = "RATE")]
    maximum: Option<f64>,
    /// `adaptive`: the part of the interval that a batch should take.
    #[arg(long, value_name = "PART")]
    headroom: Option<f64>,
    /// One JSON object per batch, one per line.
    #[arg(long)]
    json: bool,
}

/// The interval of a pipeline without a word about it.
const INTERVAL: TimeSpan = TimeSpan::from_millis(500);

/// What stands in for the interval where batches start as soon as there is data, as in the engine.
const ON_DATA: Duration = Duration::from_millis(100);

impl Simulate {
    pub(in crate::cli) fn run(
        &self,
        registry: &Registry,
        output: &mut Output<'_>,
    ) -> io::Result<Exit> {
        if self.scenarios {
            return scenario::list(self.json, output);
        }
        let configured = match &self.file {
            None => None,
            Some(file) => match self.configured(file, registry, output)? {
                Some(pipeline) => Some(pipeline),
                None => return Ok(Exit::Wrong),
            },
        };
        let settings = self.settings(configured.as_ref());
        let problems = settings.check();
        for problem in &problems {
            let message = format!("`{}`: {}", problem.path.join("."), problem.message);
            output.refuse(&message, problem.help.as_deref().unwrap_or("correct it"))?;
        }
        if !problems.is_empty() {
            return Ok(Exit::Wrong);
        }
        if let Some(name) = &self.scenario {
            return scenario::run(name, &settings, self.json, output);
        }
        let Some(path) = &self.progress else { return Ok(Exit::Wrong) };
        let pipeline = configured.as_ref().map(|pipeline| &*pipeline.name);
        let pipeline = self.pipeline.as_deref().or(pipeline);
        match past::read(path, pipeline) {
            Ok(batches) => {
                let period = self.period(configured.as_ref());
                recorded::report(&batches, period, &settings, self.json, output)
            }
            Err(error) => {
                output.refuse(&error.to_string(), error.help())?;
                Ok(Exit::Failed)
            }
        }
    }

    /// The pipeline of the configuration; `None` if that was refused.
    fn configured(
        &self,
        file: &PathBuf,
        registry: &Registry,
        output: &mut Output<'_>,
    ) -> io::Result<Option<PipelineConfig>> {
        let environment = |name: &str| std::env::var(name).ok();
        let Loaded { findings, config } =
            config::load(std::slice::from_ref(file), registry, &environment);
        let Some(config) = config else {
            output.findings(&findings, false)?;
            return Ok(None);
        };
        crate::cli::pipelines::choose(config.pipelines, self.pipeline.as_deref(), output)
    }

    fn settings(&self, configured: Option<&PipelineConfig>) -> Backpressure {
        let own = configured.and_then(|pipeline| pipeline.settings.backpressure.clone());
        let own = own.unwrap_or_default();
        Backpressure {
            proportional: self.proportional.unwrap_or(own.proportional),
            integral: self.integral.unwrap_or(own.integral),
            derivative: self.derivative.unwrap_or(own.derivative),
            minimum: self.minimum.unwrap_or(own.minimum),
            initial: self.initial.or(own.initial),
            maximum: self.maximum.or(own.maximum),
            headroom: self.headroom.unwrap_or(own.headroom),
            estimator: own.estimator,
        }
    }

    fn period(&self, configured: Option<&PipelineConfig>) -> Duration {
        let own = configured.map(|pipeline| pipeline.settings.interval);
        let interval = self.interval.or(own).unwrap_or(INTERVAL).0;
        if interval.is_zero() { ON_DATA } else { interval }
    }
}

//! An unreliable receiver: what a file says, now and then.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use forebay::core::component::{BuildContext, Component, Input, Problem, SourceComponent};
use forebay::core::decode::Decode;
use forebay::core::journal::{Intake, schema};
use forebay::core::probe::Probed;
use forebay::core::receiver::{Chunk, Receiver, ReceiverError};
use forebay::core::units::TimeSpan;
use forebay::formats::Decoding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

/// Reads a small file now and then, such as `/proc/loadavg`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct GaugeConfig {
    /// The file. A relative path begins at the folder of the configuration file.
    pub path: PathBuf,
    /// Time between two readings. Default 1s.
    #[serde(default = "every")]
    pub every: TimeSpan,
    /// What a reading is.
    #[serde(flatten)]
    pub decoding: Decoding,
}

fn every() -> TimeSpan {
    TimeSpan::from_secs(1)
}

/// The type `gauge`.
#[derive(Debug)]
pub struct Gauge;

impl Component for Gauge {
    type Config = GaugeConfig;

    const TYPE: &'static str = "gauge";

    fn check(config: &GaugeConfig) -> Vec<Problem> {
        let mut problems = config.decoding.check();
        if config.every < TimeSpan::from_millis(10) {
            problems.push(Problem::at("every", "must be at least 10ms"));
        }
        problems
    }
}

impl SourceComponent for Gauge {
    fn build(config: GaugeConfig, context: &BuildContext) -> Result<Input, Problem> {
        let decoder = config.decoding.decoder(&schema(), "value")?;
        let path = context.path(&config.path);
        Ok(Input::Receiver(Box::new(GaugeReceiver { path, every: config.every, decoder })))
    }
}

struct GaugeReceiver {
    path: PathBuf,
    every: TimeSpan,
    decoder: Arc<dyn Decode>,
}

#[async_trait]
impl Receiver for GaugeReceiver {
    fn decoder(&self) -> Arc<dyn Decode> {
        Arc::clone(&self.decoder)
    }

    async fn run(&mut self, intake: Intake, stop: CancellationToken) -> Result<(), ReceiverError> {
        let failed = |what: &dyn std::fmt::Display| {
            ReceiverError::Transient(format!("{}: {what}", self.path.display()))
        };
        while !stop.is_cancelled() {
            let reading = tokio::fs::read(&self.path).await.map_err(|error| failed(&error))?;
            intake.store(Chunk::new([reading])).await.map_err(|refused| failed(&refused))?;
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(self.every.0) => {}
            }
        }
        Ok(())
    }
    async fn probe(&mut self) -> Probed {
        let read = tokio::fs::read(&self.path).await;
        Probed::opened(read.map(drop).map_err(|error| format!("{}: {error}", self.path.display())))
    }
}

//! A configuration that was checked.

use std::path::PathBuf;
use std::sync::Arc;

use super::gateway::{GatewaySettings, Listen};
use super::keys::{ReceiverKeys, SinkKeys};
use super::pipeline::PipelineSettings;
use crate::registry::Settings;

/// A configuration that was checked: typed, with components that are not built yet.
#[derive(Clone, Debug)]
pub struct Config {
    /// What concerns the whole process.
    pub gateway: GatewaySettings,
    /// The folder of the checkpoints.
    pub checkpoints: PathBuf,
    /// The admin address.
    pub listen: Listen,
    /// The pipelines, by name.
    pub pipelines: Vec<PipelineConfig>,
}

/// One pipeline.
#[derive(Clone, Debug)]
pub struct PipelineConfig {
    /// Its name.
    pub name: Arc<str>,
    /// Its own settings.
    pub settings: PipelineSettings,
    /// Its sources, in the order of `from`.
    pub sources: Vec<Arc<SourceConfig>>,
    /// Its sinks, in the order of `to`.
    pub sinks: Vec<Arc<SinkConfig>>,
    /// Where its dead letters go; `None` for files beside the checkpoint.
    pub dead_letters: Option<Arc<SinkConfig>>,
}

/// One source.
#[derive(Clone, Debug)]
pub struct SourceConfig {
    /// Its name.
    pub name: Arc<str>,
    /// The folder of the file in which it stands.
    pub base: PathBuf,
    /// What all sources have; the journal is that of a receiver.
    pub keys: ReceiverKeys,
    /// Its own options.
    pub settings: Settings,
}

/// One sink.
#[derive(Clone, Debug)]
pub struct SinkConfig {
    /// Its name.
    pub name: Arc<str>,
    /// The folder of the file in which it stands.
    pub base: PathBuf,
    /// What all sinks have.
    pub keys: SinkKeys,
    /// Its own options.
    pub settings: Settings,
}

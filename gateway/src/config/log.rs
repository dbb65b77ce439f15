//! `[gateway.log]`: what is logged, and how.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is logged, and how. The environment variable `FOREBAY_LOG` overrides `level`, and can
/// set it for each part: `FOREBAY_LOG=warn,forebay_core=debug`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LogSettings {
    /// How much is logged.
    pub level: LogLevel,
    /// How it is written, to standard error.
    pub format: LogFormat,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// What failed.
    Error,
    /// Also what may fail soon, or was tried again.
    Warn,
    /// Also what begins and ends.
    #[default]
    Info,
    /// Also each batch.
    Debug,
    /// Everything.
    Trace,
}

/// How it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Lines for people, with colours on a terminal.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

//! The options.

use std::time::Duration;

use forebay_clients::process::Program;
use forebay_core::component::Problem;
use forebay_core::units::{ByteSize, TimeSpan};
use forebay_formats::{Decoding, framing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Lines or frames that a program writes to its standard output.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ExecConfig {
    /// What is started.
    #[serde(flatten)]
    pub program: Program,
    /// What a record is. Default `lines`.
    #[serde(default)]
    pub framing: Framing,
    /// The largest record, 1B to 1GiB. Default 1MiB. What is larger becomes a dead letter with its
    /// first 4 KiB.
    #[serde(default = "default_max_frame")]
    pub max_frame: ByteSize,
    /// Whether to write a line `ack <n>` to its standard input when records are stored, where n
    /// counts those that were taken since it was started. Default false: its standard input is
    /// empty then, and what it wrote while nobody read is lost with it.
    #[serde(default)]
    pub acknowledge: bool,
    /// How long it may take to end when it is told to by SIGTERM, 0s to 1h; then it is killed.
    /// Default 5s.
    #[serde(default = "default_stop_timeout")]
    pub stop_timeout: TimeSpan,
    /// How records become columns.
    #[serde(flatten)]
    pub decoding: Decoding,
}

/// What a record is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Framing {
    /// What stands before a line feed, without it and a carriage return before it. What stands
    /// behind the last one is a record when the program ends with 0.
    #[default]
    Lines,
    /// Four bytes with the length, the highest first, then so many bytes.
    LengthPrefixed,
}

impl From<Framing> for framing::Framing {
    fn from(framing: Framing) -> Self {
        match framing {
            Framing::Lines => Self::Newline,
            Framing::LengthPrefixed => Self::Length,
        }
    }
}

impl ExecConfig {
    /// Everything that is wrong.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = self.decoding.check();
        problems.extend(self.program.check());
        if !(1..=1 << 30).contains(&self.max_frame.0) {
            problems.push(Problem::at("max_frame", "must be between 1B and 1GiB"));
        }
        if self.stop_timeout.0 > Duration::from_secs(3600) {
            problems.push(Problem::at("stop_timeout", "must be at most 1h"));
        }
        problems
    }
}

fn default_max_frame() -> ByteSize {
    ByteSize::mib(1)
}

fn default_stop_timeout() -> TimeSpan {
    TimeSpan::from_secs(5)
}

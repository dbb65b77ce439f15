//! The options.

use std::time::Duration;

use forebay_clients::process::Program;
use forebay_core::component::Problem;
use forebay_core::units::TimeSpan;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Writes rows as JSON lines to the standard input of a program.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ExecConfig {
    /// What is started.
    #[serde(flatten)]
    pub program: Program,
    /// Whether the program says when a batch is safe. Default true: an empty line ends each batch,
    /// and the program answers with a line on its standard output, `ok` or
    /// `{"errors": [{"row": 3, "retry": false, "reason": "..."}]}`. If false, rows count as written
    /// when they are in the pipe: what the program has not read or kept when it ends is lost.
    #[serde(default = "yes")]
    pub acknowledge: bool,
    /// Longest time from the first row of a batch to its answer, 100ms to 1d. Default 1m. A program
    /// that takes longer is killed and started again, and gets the batch again.
    #[serde(default = "default_timeout")]
    pub timeout: TimeSpan,
    /// How long it may take to end when its standard input ends, 0s to 1h; then it is killed.
    /// Default 5s.
    #[serde(default = "default_stop_timeout")]
    pub stop_timeout: TimeSpan,
}

impl ExecConfig {
    /// Everything that is wrong.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = self.program.check();
        let day = Duration::from_secs(86_400);
        if !(Duration::from_millis(100)..=day).contains(&self.timeout.0) {
            problems.push(Problem::at("timeout", "must be between 100ms and 1d"));
        }
        if self.stop_timeout.0 > Duration::from_secs(3600) {
            problems.push(Problem::at("stop_timeout", "must be at most 1h"));
        }
        problems
    }
}

fn yes() -> bool {
    true
}

fn default_timeout() -> TimeSpan {
    TimeSpan::from_secs(60)
}

fn default_stop_timeout() -> TimeSpan {
    TimeSpan::from_secs(5)
}

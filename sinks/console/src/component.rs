//! The options, and how the sink introduces itself.

use forebay_core::Sink;
use forebay_core::component::{BuildContext, Component, Problem, SinkComponent};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::sink::ConsoleSink;

/// Prints rows to standard output. After a crash the rows of the last batches may be printed
/// again.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ConsoleOptions {
    /// How rows are printed: `json` or `table`. Default `json`.
    #[serde(default)]
    pub format: ConsoleFormat,
    /// At most so many rows of each batch are printed. Default: all of them as `json`, the first
    /// 20 as `table`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// How rows are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConsoleFormat {
    /// One JSON object per line, for other programs.
    #[default]
    Json,
    /// Aligned columns under a header with the batch's number, for people.
    Table,
}

const TABLE_ROWS: usize = 20;

impl ConsoleOptions {
    /// At most so many rows of each batch are printed.
    pub(crate) fn limit(&self) -> usize {
        self.limit.unwrap_or(match self.format {
            ConsoleFormat::Json => usize::MAX,
            ConsoleFormat::Table => TABLE_ROWS,
        })
    }
}

/// The sink `console`.
#[derive(Debug)]
pub struct Console;

impl Component for Console {
    type Config = ConsoleOptions;

    const TYPE: &'static str = "console";

    fn check(config: &ConsoleOptions) -> Vec<Problem> {
        let nothing = config.limit == Some(0);
        let problem = || {
            Problem::at("limit", "with 0 rows nothing would be printed")
                .help("to take rows and keep none, use the sink `blackhole`")
        };
        nothing.then(problem).into_iter().collect()
    }
}

impl SinkComponent for Console {
    fn build(config: ConsoleOptions, _context: &BuildContext) -> Result<Box<dyn Sink>, Problem> {
        if let Some(problem) = Self::check(&config).into_iter().next() {
            return Err(problem);
        }
        Ok(Box::new(ConsoleSink::new(&config, Box::new(std::io::stdout()))))
    }
}

//! The options, and how the sink introduces itself.

use forebay_core::Sink;
use forebay_core::component::{BuildContext, Component, Problem, SinkComponent};
use forebay_core::units::ByteSize;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::sink::MemorySink;

/// Keeps the last rows in memory, to look at them over the admin address. What is pushed out, or
/// lost with the process, is gone: this sink is for looking, not for keeping.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct MemoryOptions {
    /// How many rows are kept, from 1 to 1000000. Default 1000.
    #[serde(default = "rows")]
    pub rows: usize,
    /// How many bytes of JSON the kept rows may have together; a single row that has more is
    /// kept as a note of its size. Default `"4MiB"`.
    #[serde(default = "bytes")]
    pub bytes: ByteSize,
}

fn rows() -> usize {
    1000
}

fn bytes() -> ByteSize {
    ByteSize::mib(4)
}

const MAX_ROWS: usize = 1_000_000;

/// The sink `memory`.
#[derive(Debug)]
pub struct Memory;

impl Component for Memory {
    type Config = MemoryOptions;

    const TYPE: &'static str = "memory";

    fn check(config: &MemoryOptions) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !(1..=MAX_ROWS).contains(&config.rows) {
            let text = format!("{} is not from 1 to {MAX_ROWS}", config.rows);
            problems.push(Problem::at("rows", text));
        }
        if config.bytes.0 == 0 {
            problems.push(Problem::at("bytes", "no row has 0 bytes"));
        }
        problems
    }
}

impl SinkComponent for Memory {
    fn build(config: MemoryOptions, _context: &BuildContext) -> Result<Box<dyn Sink>, Problem> {
        if let Some(problem) = Self::check(&config).into_iter().next() {
            return Err(problem);
        }
        Ok(Box::new(MemorySink::new(config.rows, config.bytes.0)))
    }
}

//! The options.

use std::time::Duration;

use forebay_clients::process::Program;
use forebay_core::component::Problem;
use forebay_core::units::{ByteSize, TimeSpan};
use forebay_formats::{Decoding, ipc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Lines, frames or Arrow's batches that a program writes to its standard output.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ExecConfig {
    /// What is started.
    #[serde(flatten)]
    pub program: Program,
    /// What a record is. Default `lines`.
    #[serde(default)]
    pub framing: Framing,
    /// The largest record, and with `arrow` the largest batch: 1B to 1GiB. Default 1MiB, with
    /// `arrow` 16MiB. A record that is larger becomes a dead letter with its first 4 KiB; behind a
    /// frame or a batch that is larger nothing can be told, so the program is started again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_frame: Option<ByteSize>,
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
    /// Each row of the batches of an
    /// [Arrow IPC stream](https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format),
    /// not compressed. `schema` says which columns are taken, by their names; `format` is left out.
    Arrow,
}

impl ExecConfig {
    /// Everything that is wrong.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = match self.framing {
            Framing::Arrow => self.problems_of_rows(),
            Framing::Lines | Framing::LengthPrefixed => self.decoding.check(),
        };
        problems.extend(self.program.check());
        if !(1..=1 << 30).contains(&self.max_frame().0) {
            problems.push(Problem::at("max_frame", "must be between 1B and 1GiB"));
        }
        if self.stop_timeout.0 > Duration::from_secs(3600) {
            problems.push(Problem::at("stop_timeout", "must be at most 1h"));
        }
        problems
    }

    /// The largest record or batch.
    pub(crate) fn max_frame(&self) -> ByteSize {
        let usual = ByteSize::mib(if self.framing == Framing::Arrow { 16 } else { 1 });
        self.max_frame.unwrap_or(usual)
    }

    /// How records become columns.
    ///
    /// # Errors
    /// A column that no record can have.
    pub(crate) fn records(&self) -> Result<Decoding, Problem> {
        let Decoding { schema, keep, .. } = &self.decoding;
        match (self.framing, schema) {
            (Framing::Arrow, Some(schema)) => ipc::read_back(schema, keep.clone()),
            _ => Ok(self.decoding.clone()),
        }
    }

    fn problems_of_rows(&self) -> Vec<Problem> {
        let Decoding { schema, keep, .. } = &self.decoding;
        let needless =
            Decoding { schema: schema.clone(), keep: keep.clone(), ..Decoding::default() };
        let mut problems = Vec::new();
        if self.decoding != needless {
            let text = "rows of Arrow have columns already: there is nothing else to decode";
            problems
                .push(Problem::at("framing", text).help("leave all but `schema` and `keep` out"));
        }
        if schema.as_ref().is_none_or(|schema| schema.fields.is_empty()) {
            problems.push(
                Problem::at("schema", "framing `arrow` needs a schema")
                    .help("write schema = { name = \"type\", ... } with the columns to take"),
            );
        } else {
            match self.records() {
                Ok(decoding) => problems.extend(decoding.check()),
                Err(problem) => problems.push(problem),
            }
        }
        problems
    }
}

fn default_stop_timeout() -> TimeSpan {
    TimeSpan::from_secs(5)
}

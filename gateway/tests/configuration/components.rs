//! Components with every kind of option, and ways to load a text with them.

use std::path::PathBuf;

use forebay::config::{Findings, Loaded, load};
use forebay::{Cli, Registry};
use forebay_core::component::{
    BuildContext, Claim, Component, Input, Problem, SinkComponent, SourceComponent,
};
use forebay_core::secret::Secret;
use forebay_core::sink::Sink;
use forebay_core::units::{ByteSize, TimeSpan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Reads a queue. It is here for tests.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct QueueOptions {
    /// Where the brokers are.
    #[schemars(length(min = 1), example = ["localhost:9092"])]
    pub(crate) brokers: Vec<String>,
    /// Where to begin.
    #[serde(default)]
    pub(crate) start: Start,
    /// The most records per request, from 1 to 1000.
    #[serde(default = "thousand")]
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) max_records: u32,
    /// How long to wait for an answer.
    #[serde(default = "second")]
    pub(crate) timeout: TimeSpan,
    /// How much to fetch at once.
    #[serde(default)]
    pub(crate) fetch: Option<ByteSize>,
    /// Whether to speak TLS.
    #[serde(default)]
    pub(crate) tls: Option<Tls>,
    /// The password.
    #[serde(default)]
    pub(crate) password: Option<Secret>,
    /// Extra properties.
    #[serde(default)]
    pub(crate) properties: std::collections::BTreeMap<String, String>,
    /// What the values are.
    #[serde(flatten)]
    pub(crate) format: Format,
    /// How they are laid out.
    #[serde(flatten)]
    pub(crate) layout: Layout,
}

/// How the values are laid out.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Layout {
    /// The columns and their types, in order.
    pub(crate) schema: Columns,
}

/// Columns in order. Its types are recursive, and known to nobody but itself.
#[derive(Default, Serialize)]
pub(crate) struct Columns(Vec<String>);

impl<'de> Deserialize<'de> for Columns {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = serde_json::Map::deserialize(deserializer)?;
        match map.values().find(|kind| kind.as_str().is_some_and(|kind| kind != "int")) {
            Some(kind) => Err(serde::de::Error::custom(format!("{kind} is no type"))),
            None => Ok(Self(map.keys().cloned().collect())),
        }
    }
}

impl JsonSchema for Columns {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Columns".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "additionalProperties": {
                "oneOf": [
                    { "type": "string" },
                    { "type": "array", "items": generator.subschema_for::<Self>() },
                    { "type": "object", "additionalProperties": generator.subschema_for::<Self>() },
                ],
            },
        })
    }
}

/// Where to begin.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Start {
    /// At the first record.
    #[default]
    Earliest,
    /// After the last record.
    Latest,
}

/// How to speak TLS.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Tls {
    /// The file with the certificates.
    pub(crate) ca: String,
    /// Whether to look at the host name.
    #[serde(default)]
    pub(crate) verify: bool,
}

/// What the values are.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "format", rename_all = "snake_case")]
pub(crate) enum Format {
    /// Bytes as they are.
    Bytes,
    /// Values with commas between.
    Csv {
        /// What stands between.
        #[serde(default = "comma")]
        delimiter: String,
        /// The names of the columns.
        #[schemars(example = ["a"])]
        columns: Vec<String>,
    },
}

fn thousand() -> u32 {
    1000
}

fn second() -> TimeSpan {
    TimeSpan::from_secs(1)
}

fn comma() -> String {
    ",".to_owned()
}

pub(crate) struct Queue;

impl Component for Queue {
    type Config = QueueOptions;
    const TYPE: &'static str = "queue";

    fn check(config: &QueueOptions) -> Vec<Problem> {
        let broken = |broker: &String| !broker.contains(':');
        let position = config.brokers.iter().position(broken);
        let port = position
            .map(|at| Problem::at(&format!("brokers.{at}"), "has no port").help("write host:port"));
        let columns = &config.layout.schema.0;
        let order = columns.first().is_some_and(|first| first != "id");
        let order = order.then(|| Problem::at("schema", format!("begins with {columns:?}")));
        port.into_iter().chain(order).collect()
    }
}

impl SourceComponent for Queue {
    fn build(_: QueueOptions, _: &BuildContext) -> Result<Input, Problem> {
        Err(Problem::at("", "the queue is only there to be checked"))
    }
}

/// Listens. It is here for tests.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct ListenerOptions {
    /// Where to listen.
    #[schemars(example = "tcp://127.0.0.1:9000")]
    pub(crate) listen: String,
}

pub(crate) struct Listener;

impl Component for Listener {
    type Config = ListenerOptions;
    const TYPE: &'static str = "listener";

    fn claims(config: &ListenerOptions) -> Vec<Claim> {
        vec![Claim::Address(config.listen.clone())]
    }
}

impl SourceComponent for Listener {
    fn build(_: ListenerOptions, _: &BuildContext) -> Result<Input, Problem> {
        Err(Problem::at("", "the listener is only there to be checked"))
    }
}

/// Writes a folder. It is here for tests.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct FolderOptions {
    /// The folder.
    #[schemars(example = "./out")]
    pub(crate) path: PathBuf,
    /// How a file is closed.
    #[serde(default)]
    pub(crate) roll: Roll,
    /// Who may read it.
    #[serde(default)]
    pub(crate) mode: Mode,
}

/// When a file is closed.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Roll {
    /// When it is this large.
    pub(crate) size: ByteSize,
    /// When it is this old.
    pub(crate) age: TimeSpan,
}

impl Default for Roll {
    fn default() -> Self {
        Self { size: ByteSize::mib(128), age: TimeSpan::from_secs(300) }
    }
}

/// Who may read it.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// Everyone.
    #[default]
    Open,
    /// This group.
    Group {
        /// Its name.
        name: String,
    },
}

pub(crate) struct Folder;

impl Component for Folder {
    type Config = FolderOptions;
    const TYPE: &'static str = "folder";

    fn claims(config: &FolderOptions) -> Vec<Claim> {
        vec![Claim::Path(config.path.clone())]
    }
}

impl SinkComponent for Folder {
    fn build(_: FolderOptions, _: &BuildContext) -> Result<Box<dyn Sink>, Problem> {
        Err(Problem::at("", "the folder is only there to be checked"))
    }
}

/// The types of the tests, and one that was not compiled in.
pub(crate) fn registry() -> Registry {
    Registry::empty().source::<Queue>().receiver::<Listener>().sink::<Folder>().left_out(
        forebay::registry::Kind::Sink,
        "cassandra",
        "cassandra-sink",
    )
}

/// Loads files of a folder of their own; the variables `HOST`, `COUNT` and `TLS` are set.
pub(crate) fn load_files(files: &[(&str, &str)]) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let paths: Vec<PathBuf> = files
        .iter()
        .filter(|(name, _)| name.ends_with(".toml"))
        .map(|(name, _)| folder.path().join(name))
        .collect();
    load(&paths, &registry(), &environment)
}

pub(crate) fn environment(name: &str) -> Option<String> {
    match name {
        "HOST" => Some("broker:9092".to_owned()),
        "COUNT" => Some("12".to_owned()),
        "YES" => Some("true".to_owned()),
        _ => None,
    }
}

pub(crate) fn load_text(text: &str) -> Loaded {
    load_files(&[("forebay.toml", text)])
}

/// A configuration without mistakes. Each test spoils a part of it.
pub(crate) const GOOD: &str = r#"
[sources.in]
type = "queue"
brokers = ["a:1"]
format = "bytes"

[sinks.out]
type = "folder"
path = "./out"

[pipelines.p]
from = ["in"]
to = ["out"]
"#;

/// Runs a command line: how it ended, and what it wrote to standard output and standard error.
pub(crate) fn forebay(arguments: &[&str], registry: &Registry) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let arguments = ["forebay"].iter().chain(arguments).map(|word| (*word).into());
    let exit = Cli::execute(arguments, registry, false, &mut out, &mut err);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (exit.code(), text(out), text(err))
}

/// Each finding as `line:column code message`.
pub(crate) fn short(findings: &Findings) -> Vec<String> {
    let line = |finding: &forebay::config::Finding| {
        let at = finding.place.map_or_else(
            || "-".to_owned(),
            |place| {
                let (line, column) = findings.files()[place.file].line_column(place.start);
                format!("{line}:{column}")
            },
        );
        format!("{at} {} {}", finding.code, finding.message)
    };
    findings.list().iter().map(line).collect()
}

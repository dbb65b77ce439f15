//! The configuration as it runs, to look at.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::gateway::GatewaySettings;
use super::model::{Config, SinkConfig, SourceConfig};
use super::pipeline::PipelineSettings;
use crate::registry::Kind;
use crate::schema::{Document, without_secrets};

/// The configuration as it runs: defaults filled in, secrets removed.
#[must_use]
pub fn shown(config: &Config) -> Value {
    let mut sources = Map::new();
    let mut sinks = Map::new();
    let mut pipelines = Map::new();
    for pipeline in &config.pipelines {
        for one in &pipeline.sources {
            sources.insert(one.name.to_string(), source(one));
        }
        for one in pipeline.sinks.iter().chain(&pipeline.dead_letters) {
            sinks.insert(one.name.to_string(), sink(one));
        }
        let settings = json(&pipeline.settings);
        let settings = without_secrets(&Document::of::<PipelineSettings>(), settings);
        pipelines.insert(pipeline.name.to_string(), settings);
    }
    json!({
        "gateway": without_secrets(&Document::of::<GatewaySettings>(), json(&config.gateway)),
        "sources": sources,
        "sinks": sinks,
        "pipelines": pipelines,
    })
}

fn source(source: &SourceConfig) -> Value {
    let entry = source.settings.entry();
    let common = match entry.kind() {
        Kind::Receiver => json(&source.keys),
        Kind::Source | Kind::Sink => json(&source.keys.limits),
    };
    component(entry.name(), source.settings.shown(), common)
}

fn sink(sink: &SinkConfig) -> Value {
    component(sink.settings.entry().name(), sink.settings.shown(), json(&sink.keys))
}

/// One table, as in the file.
fn component(type_name: &str, own: Value, common: Value) -> Value {
    let mut table = Map::new();
    table.insert("type".to_owned(), type_name.into());
    for part in [own, common] {
        if let Value::Object(part) = part {
            table.extend(part);
        }
    }
    Value::Object(table)
}

/// Settings as JSON; those of the configuration all have texts as keys, so it cannot fail.
fn json(settings: &impl Serialize) -> Value {
    serde_json::to_value(settings).unwrap_or(Value::Null)
}

//! Holds each section against its type.

use std::sync::Arc;

use forebay_core::component::Problem;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::document::Section;
use super::finding::{Finding, Findings};
use super::gateway::GatewaySettings;
use super::keys::{ReceiverKeys, SinkKeys, SourceKeys};
use super::model::{SinkConfig, SourceConfig};
use super::names;
use super::pipeline::PipelineSettings;
use super::place::Place;
use super::ranges;
use super::tree::{Node, Value};
use super::walk::Walk;
use crate::registry::{Entry, Kind, Registry, Settings, read};
use crate::schema::{Document, Shape, nearest};

/// Checks sections against the types of a registry.
pub(super) struct Checker<'a> {
    pub(super) registry: &'a Registry,
    /// For each file whether it has syntax errors.
    pub(super) damaged: &'a [bool],
    pub(super) findings: &'a mut Findings,
}

impl Checker<'_> {
    pub(super) fn gateway(&mut self, section: &Section) -> Option<GatewaySettings> {
        let settings: GatewaySettings = self.typed("", section)?;
        self.problems("", section, &Document::of::<GatewaySettings>(), ranges::gateway(&settings))
            .then_some(settings)
    }

    pub(super) fn pipeline(&mut self, section: &Section) -> Option<PipelineSettings> {
        let settings: PipelineSettings = self.typed("pipelines", section)?;
        self.problems(
            "pipelines",
            section,
            &Document::of::<PipelineSettings>(),
            ranges::pipeline(&settings),
        )
        .then_some(settings)
    }

    pub(super) fn source(&mut self, section: &Section) -> Option<SourceConfig> {
        let (entry, options) = self.component("sources", section)?;
        let (common, own) = match entry.kind() {
            Kind::Receiver => divide::<ReceiverKeys>(options, &entry),
            Kind::Source | Kind::Sink => divide::<SourceKeys>(options, &entry),
        };
        let keys: Option<ReceiverKeys> = self.read("sources", section, entry.table(), &common);
        let settings = self.settings("sources", section, &entry, own);
        let (keys, settings) = (keys?, settings?);
        let fits = self.problems("sources", section, entry.table(), ranges::source(&keys));
        fits.then(|| SourceConfig {
            name: section.name.as_str().into(),
            base: self.folder(section.place),
            keys,
            settings,
        })
    }

    pub(super) fn sink(&mut self, section: &Section) -> Option<SinkConfig> {
        let (entry, options) = self.component("sinks", section)?;
        let (common, own) = divide::<SinkKeys>(options, &entry);
        let keys: Option<SinkKeys> = self.read("sinks", section, entry.table(), &common);
        let settings = self.settings("sinks", section, &entry, own);
        let (keys, settings) = (keys?, settings?);
        self.problems("sinks", section, entry.table(), ranges::sink(&keys)).then(|| SinkConfig {
            name: section.name.as_str().into(),
            base: self.folder(section.place),
            keys,
            settings,
        })
    }

    /// A section of one fixed type.
    fn typed<T: DeserializeOwned + schemars::JsonSchema>(
        &mut self,
        kind: &str,
        section: &Section,
    ) -> Option<T> {
        let document = Document::of::<T>();
        let options = self.walk(kind, section, &section.node, &document)?;
        self.read(kind, section, &document, &options)
    }

    /// A section whose type is named by `type`.
    fn component(&mut self, kind: &str, section: &Section) -> Option<(Entry, Json)> {
        let entry = self.entry(kind, section)?;
        let Value::Table(table) = &section.node.value else { return None };
        let mut table = table.clone();
        table.entries.retain(|entry| entry.key != "type");
        let node = Node { place: section.node.place, value: Value::Table(table) };
        let options = self.walk(kind, section, &node, entry.table())?;
        Some((entry, options))
    }

    fn entry(&mut self, kind: &str, section: &Section) -> Option<Entry> {
        let path = format!("{kind}.{}", section.name);
        let known: Vec<&str> = self.registry.of_section(kind).map(Entry::name).collect();
        let listed = match known.as_slice() {
            [] => "no types were compiled in".to_owned(),
            known => format!("known types: `{}`", known.join("`, `")),
        };
        let Some(given) = section.node.table()?.get("type") else {
            if !self.is_damaged(section.place) {
                let message = format!("`{path}` needs the key `type`");
                let finding = Finding::error("missing-key", section.place, message);
                self.findings.add(finding.help(listed).path(path));
            }
            return None;
        };
        let path = format!("{path}.type");
        let place = given.node.place;
        let Some(name) = given.node.text() else {
            if !matches!(given.node.value, Value::Broken) {
                let message = format!("expected text, found {}", given.node.kind());
                self.findings.add(Finding::error("type", place, message).help(listed).path(path));
            }
            return None;
        };
        if let Some(entry) = self.registry.find(kind, name) {
            return Some(entry.clone());
        }
        let noun = kind.trim_end_matches('s');
        let finding = if let Some(out) = self.registry.find_left_out(kind, name) {
            let message = format!("the {noun} type `{name}` was not compiled in");
            Finding::error("left-out", place, message)
                .help(format!("build forebay with `--features {}`", out.feature))
        } else {
            let near = names::synonym(name, |ours| known.contains(&ours))
                .or_else(|| nearest(name, known.iter().copied()));
            let help = match near {
                Some(near) => format!("did you mean `{near}`? {listed}"),
                None => listed,
            };
            Finding::error("unknown-type", place, format!("unknown {noun} type `{name}`"))
                .help(help)
        };
        self.findings.add(finding.path(path));
        None
    }

    fn settings(
        &mut self,
        kind: &str,
        section: &Section,
        entry: &Entry,
        own: Json,
    ) -> Option<Settings> {
        match entry.settings(own.clone()) {
            Ok(settings) => {
                self.problems(kind, section, entry.table(), settings.check()).then_some(settings)
            }
            Err(mut problem) => {
                if problem.path.is_empty() {
                    problem.path = blame(entry, &own);
                }
                self.problems(kind, section, entry.table(), vec![problem]);
                None
            }
        }
    }

    fn walk(
        &mut self,
        kind: &str,
        section: &Section,
        node: &Node,
        document: &Document,
    ) -> Option<Json> {
        let folder = self.folder(section.place);
        let path = [kind, &section.name].into_iter().filter(|key| !key.is_empty());
        let mut walk = Walk {
            document,
            folder: &folder,
            damaged: self.damaged.get(section.place.file).copied().unwrap_or_default(),
            path: path.map(str::to_owned).collect(),
            findings: self.findings,
        };
        walk.value(node, document.root(), section.place)
    }

    fn read<T: DeserializeOwned>(
        &mut self,
        kind: &str,
        section: &Section,
        document: &Document,
        options: &Json,
    ) -> Option<T> {
        match read(options) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.problems(kind, section, document, vec![problem]);
                None
            }
        }
    }

    /// Adds problems at the places to which their paths lead; whether there were none.
    fn problems(
        &mut self,
        kind: &str,
        section: &Section,
        document: &Document,
        problems: Vec<Problem>,
    ) -> bool {
        let none = problems.is_empty();
        for problem in problems {
            let place = place_of(section, document, &problem.path);
            let path: Vec<&str> = [kind, section.name.as_str()]
                .into_iter()
                .chain(problem.path.iter().map(String::as_str))
                .filter(|key| !key.is_empty())
                .collect();
            let finding = Finding::error("value", place, problem.message)
                .maybe_help(problem.help)
                .path(path.join("."));
            self.findings.add(finding);
        }
        none
    }

    fn folder(&self, place: Place) -> std::path::PathBuf {
        let file = self.findings.files.get(place.file);
        file.map(|file| file.folder().to_owned()).unwrap_or_default()
    }

    fn is_damaged(&self, place: Place) -> bool {
        self.damaged.get(place.file).copied().unwrap_or_default()
    }
}

/// Divides the options of a component into those that all of its kind have (`T`) and its own.
fn divide<T: schemars::JsonSchema>(options: Json, entry: &Entry) -> (Json, Json) {
    let common = Document::of::<T>();
    let common = Shape::of(&common, common.root());
    let own = Shape::of(entry.own(), entry.own().root());
    let Json::Object(options) = options else { return (Json::Null, Json::Null) };
    let mut shared = Map::new();
    let mut rest = Map::new();
    for (key, value) in options {
        if common.properties.contains_key(&key) && !own.properties.contains_key(&key) {
            shared.insert(key, value);
        } else {
            rest.insert(key, value);
        }
    }
    (Json::Object(shared), Json::Object(rest))
}

/// The key without which the options could be read. Where options of several types share a table,
/// the type that refuses one does not say which.
fn blame(entry: &Entry, options: &Json) -> Vec<String> {
    let mut path: Vec<String> = Vec::new();
    loop {
        let Some(Json::Object(here)) = options.pointer(&pointer(&path)) else { return path };
        let culprit = here.keys().find(|key| {
            let mut without = options.clone();
            let table = without.pointer_mut(&pointer(&path)).and_then(Json::as_object_mut);
            table.is_some_and(|table| table.remove(key.as_str()).is_some())
                && entry.settings(without).is_ok()
        });
        let Some(culprit) = culprit else { return path };
        path.push(culprit.clone());
    }
}

/// A path as a JSON pointer (RFC 6901).
fn pointer(path: &[String]) -> String {
    path.iter().map(|key| format!("/{}", key.replace('~', "~0").replace('/', "~1"))).collect()
}

/// The place of the value to which a path leads, or of the last thing on the way that is there.
fn place_of(section: &Section, document: &Document, path: &[String]) -> Place {
    let mut place = section.place;
    let mut node = &section.node;
    for key in path {
        let next = match &node.value {
            Value::Table(table) => table
                .entries
                .iter()
                .find(|entry| entry.key == *key || document.canonical(&entry.key) == key)
                .map(|entry| match entry.node.value {
                    // A table's own place is its header, which says less than its key.
                    Value::Table(_) => (entry.place, &entry.node),
                    _ => (entry.node.place, &entry.node),
                }),
            Value::Array(items) => key
                .parse::<usize>()
                .ok()
                .and_then(|index| items.get(index))
                .map(|item| (item.place, item)),
            _ => None,
        };
        let Some((there, inner)) = next else { break };
        place = there;
        node = inner;
    }
    place
}

/// Sources and sinks that were checked, shared among the pipelines that use them.
pub(super) type Shared<T> = std::collections::BTreeMap<String, Arc<T>>;

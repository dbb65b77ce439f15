//! Names that refer to each other.
//!
//! This looks at the tree, not at the typed configuration, so that a pipeline with a mistake
//! elsewhere still has its names checked.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Document, Section};
use super::finding::{Finding, Findings};
use super::place::Place;
use super::tree::{Node, Value};
use crate::registry::{Kind, Registry};
use crate::schema::nearest;

/// Finds names that lead nowhere, sections that nobody uses, and uses that cannot be.
pub(super) fn check(document: &Document, registry: &Registry, findings: &mut Findings) {
    let mut used = Used::default();
    for pipeline in document.pipelines.values() {
        let path = format!("pipelines.{}", pipeline.name);
        let from = names(pipeline, "from");
        let to = names(pipeline, "to");
        for (key, list, known) in [("from", &from, &document.sources), ("to", &to, &document.sinks)]
        {
            let path = format!("{path}.{key}");
            exist(list, known, if key == "from" { "source" } else { "sink" }, &path, findings);
            once(list, &path, findings);
        }
        for (name, place) in &from {
            let users = used.sources.entry(name.clone()).or_default();
            if let Some(other) = users.first()
                && *other != pipeline.name
                && is_receiver(document, registry, name)
            {
                let message =
                    format!("the receiver `{name}` is already read by pipeline `{other}`");
                findings.add(Finding::error("shared-receiver", *place, message).path(&path).help(
                    "a receiver has one journal and one reader; give the one pipeline both sinks",
                ));
            }
            users.push(pipeline.name.clone());
        }
        used.sinks.extend(to.iter().map(|(name, _)| name.clone()));
        dead_letters(pipeline, &to, document, &mut used, findings);
    }
    unused(document, &used, findings);
}

#[derive(Default)]
struct Used {
    /// The pipelines that read each source.
    sources: BTreeMap<String, Vec<String>>,
    sinks: BTreeSet<String>,
}

/// The texts of a list, with their places.
pub(super) fn names(section: &Section, key: &str) -> Vec<(String, Place)> {
    let list = section.node.table().and_then(|table| table.get(key)).map(|entry| &entry.node.value);
    let Some(Value::Array(items)) = list else { return Vec::new() };
    let name = |item: &Node| Some((item.text()?.to_owned(), item.place));
    items.iter().filter_map(name).collect()
}

fn exist(
    list: &[(String, Place)],
    known: &BTreeMap<String, Section>,
    noun: &str,
    path: &str,
    findings: &mut Findings,
) {
    for (name, place) in list.iter().filter(|(name, _)| !known.contains_key(name)) {
        let help = match nearest(name, known.keys().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => format!("there is no [{noun}s.NAME] at all"),
            None => {
                let all = known.keys().map(String::as_str).collect::<Vec<_>>().join("`, `");
                format!("known {noun}s: `{all}`")
            }
        };
        let message = format!("there is no {noun} `{name}`");
        findings.add(Finding::error("reference", *place, message).help(help).path(path));
    }
}

fn once(list: &[(String, Place)], path: &str, findings: &mut Findings) {
    for (index, (name, place)) in list.iter().enumerate() {
        if list[..index].iter().any(|(earlier, _)| earlier == name) {
            let message = format!("`{name}` stands in the list twice");
            findings.add(Finding::error("duplicate", *place, message).path(path));
        }
    }
}

fn is_receiver(document: &Document, registry: &Registry, name: &str) -> bool {
    let section = document.sources.get(name);
    let kind = section
        .and_then(|section| section.node.table()?.get("type")?.node.text())
        .and_then(|name| registry.find("sources", name));
    kind.is_some_and(|entry| entry.kind() == Kind::Receiver)
}

fn dead_letters(
    pipeline: &Section,
    to: &[(String, Place)],
    document: &Document,
    used: &mut Used,
    findings: &mut Findings,
) {
    let entry = pipeline.node.table().and_then(|table| table.get("dead_letters"));
    let Some((entry, name)) = entry.and_then(|entry| Some((entry, entry.node.text()?))) else {
        return;
    };
    let place = entry.node.place;
    let path = format!("pipelines.{}.dead_letters", pipeline.name);
    exist(&[(name.to_owned(), place)], &document.sinks, "sink", &path, findings);
    used.sinks.insert(name.to_owned());
    if to.iter().any(|(sink, _)| sink == name) {
        let message = format!("`{name}` would get the dead letters of rows that it refused itself");
        findings.add(
            Finding::error("dead-letter-cycle", place, message)
                .help("name another sink, or leave `dead_letters` out to keep them in files")
                .path(path),
        );
    }
}

fn unused(document: &Document, used: &Used, findings: &mut Findings) {
    let sources =
        document.sources.values().filter(|section| !used.sources.contains_key(&section.name));
    let sinks = document.sinks.values().filter(|section| !used.sinks.contains(&section.name));
    for (noun, section) in
        sources.map(|section| ("source", section)).chain(sinks.map(|section| ("sink", section)))
    {
        let message = format!("no pipeline uses the {noun} `{}`", section.name);
        let path = format!("{noun}s.{}", section.name);
        findings.add(Finding::warning("unused", section.place, message).path(path));
    }
}

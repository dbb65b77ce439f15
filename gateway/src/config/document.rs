//! Merges files into sections.

use std::collections::BTreeMap;

use super::finding::{Finding, Findings};
use super::place::Place;
use super::tree::{Entry, Node, Table, Value};
use crate::schema::nearest;

/// A table with a name of its own: `[sources.NAME]`.
#[derive(Clone, Debug)]
pub(super) struct Section {
    /// Its name.
    pub(super) name: String,
    /// Where the name stands.
    pub(super) place: Place,
    /// The table.
    pub(super) node: Node,
}

/// All files together.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) gateway: Option<Section>,
    pub(super) sources: BTreeMap<String, Section>,
    pub(super) sinks: BTreeMap<String, Section>,
    pub(super) pipelines: BTreeMap<String, Section>,
}

const SECTIONS: &[&str] = &["gateway", "sources", "sinks", "pipelines"];

/// The longest name. Names become folders, tables and labels.
const MAX_NAME: usize = 64;

impl Document {
    /// Adds one file.
    pub(super) fn add(&mut self, table: Table, findings: &mut Findings) {
        for entry in table.entries {
            match entry.key.as_str() {
                "gateway" => self.gateway(entry, findings),
                "sources" => sections(&mut self.sources, entry, findings),
                "sinks" => sections(&mut self.sinks, entry, findings),
                "pipelines" => sections(&mut self.pipelines, entry, findings),
                other => {
                    let help = match nearest(other, SECTIONS.iter().copied()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("known sections: `{}`", SECTIONS.join("`, `")),
                    };
                    findings.add(
                        Finding::error(
                            "unknown-key",
                            entry.place,
                            format!("unknown section `{other}`"),
                        )
                        .help(help)
                        .path(other),
                    );
                }
            }
        }
    }

    /// `[gateway]` may be spread over the files, each key in one of them.
    fn gateway(&mut self, entry: Entry, findings: &mut Findings) {
        let section = Section { name: entry.key, place: entry.place, node: entry.node };
        let Some(first) = &mut self.gateway else {
            self.gateway = Some(section);
            return;
        };
        let (Value::Table(first), Value::Table(more)) = (&mut first.node.value, section.node.value)
        else {
            let message = "`gateway` must be a table in each file";
            findings.add(Finding::error("type", section.place, message).path("gateway"));
            return;
        };
        for entry in more.entries {
            match first.get(&entry.key) {
                Some(known) => {
                    let message = format!("`gateway.{}` is set twice", entry.key);
                    let path = format!("gateway.{}", entry.key);
                    findings.add(twice(message, path, known.place, entry.place, findings));
                }
                None => first.entries.push(entry),
            }
        }
    }
}

fn sections(known: &mut BTreeMap<String, Section>, entry: Entry, findings: &mut Findings) {
    let kind = entry.key;
    let Value::Table(table) = entry.node.value else {
        let message = format!("`{kind}` holds tables with names: [{kind}.NAME]");
        findings.add(Finding::error("type", entry.place, message).path(kind));
        return;
    };
    for Entry { key: name, place, node } in table.entries {
        let path = format!("{kind}.{name}");
        if !is_name(&name) {
            let message = format!("`{name}` cannot be a name");
            findings.add(Finding::error("name", place, message).path(&path).help(format!(
                "names have 1 to {MAX_NAME} letters, digits, `_` or `-`, and begin with none of the latter"
            )));
        }
        if !matches!(node.value, Value::Table(_)) {
            let message = format!("`{path}` must be a table, found {}", node.kind());
            findings.add(Finding::error("type", node.place, message).path(&path));
            continue;
        }
        match known.get(&name) {
            Some(first) => {
                let message = format!("`{path}` is defined twice");
                findings.add(twice(message, path, first.place, place, findings));
            }
            None => {
                known.insert(name.clone(), Section { name, place, node });
            }
        }
    }
}

fn twice(
    message: String,
    path: String,
    first: Place,
    second: Place,
    findings: &Findings,
) -> Finding {
    let help = format!("it is also at {}", findings.locate(first));
    Finding::error("duplicate", second, message).path(path).help(help)
}

fn is_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

//! Tables against a schema.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::names;
use super::place::Place;
use super::tree::{Entry, Node, Table, Value};
use super::walk::Walk;
use crate::schema::{Choice, Shape, Variant, nearest};

/// What one table may hold, after its choices were made.
#[derive(Default)]
struct Known {
    properties: Map<String, Json>,
    required: Vec<String>,
    /// Keys that belong to a choice that was not made, and the choice.
    elsewhere: BTreeMap<String, String>,
    /// Whether a choice could not be made because the text that chooses is wrong or missing:
    /// then keys `elsewhere` are not held against anyone.
    open: bool,
    /// Keys that were found under a wrong name: they are not missing as well.
    misnamed: Vec<String>,
    fits: bool,
}

impl Walk<'_> {
    pub(super) fn table(
        &mut self,
        node: &Node,
        table: &Table,
        shape: &Shape,
        owner: Place,
    ) -> Option<Json> {
        let mut known = Known {
            properties: shape.properties.clone(),
            required: shape.required.clone(),
            fits: true,
            ..Known::default()
        };
        for choice in &shape.choices {
            self.choose(table, choice, owner, &mut known);
        }
        let mut out = Map::new();
        for entry in &table.entries {
            self.path.push(entry.key.clone());
            let value = self.entry(entry, shape, &mut known, &mut out);
            self.path.pop();
            known.fits &= value.is_some();
        }
        for key in &known.required {
            let present = out.contains_key(key)
                || table.entries.iter().any(|entry| self.document.canonical(&entry.key) == key);
            known.fits &= present;
            if !present && !self.damaged && !known.misnamed.contains(key) {
                self.missing(key, node, owner);
            }
        }
        known.fits.then_some(Json::Object(out))
    }

    fn missing(&mut self, key: &str, node: &Node, owner: Place) {
        let here = self.path.last().cloned().unwrap_or_default();
        let name = self.path.join(".");
        // A table in braces shows what it lacks better than its key does.
        let place = if owner == node.place || here.is_empty() { node.place } else { owner };
        self.add("missing-key", place, format!("`{name}` needs the key `{key}`"), None);
    }

    /// Makes a choice by what stands in the table.
    fn choose(&mut self, table: &Table, choice: &Choice, owner: Place, known: &mut Known) {
        match &choice.variant {
            Variant::Tagged { tag, branches } => {
                self.tagged(table, tag, branches, choice.optional, owner, known);
            }
            Variant::Named { keys, .. } => known.properties.extend(keys.to_vec()),
            Variant::Any(shapes) => {
                for shape in shapes {
                    known.properties.extend(shape.properties.clone());
                }
            }
        }
    }

    fn tagged(
        &mut self,
        table: &Table,
        tag: &str,
        branches: &[(String, Shape)],
        optional: bool,
        owner: Place,
        known: &mut Known,
    ) {
        let given = table.get(tag);
        let word = given.and_then(|entry| entry.node.text());
        let chosen = branches.iter().find(|(name, _)| Some(name.as_str()) == word);
        for (name, shape) in branches {
            for key in shape.properties.keys() {
                known.elsewhere.entry(key.clone()).or_insert_with(|| format!("{tag} = \"{name}\""));
            }
        }
        // The key that chooses takes one of the words, whatever the rest of the table looks like.
        let words: Vec<Json> = branches.iter().map(|(word, _)| Json::from(word.as_str())).collect();
        known
            .properties
            .insert(tag.to_owned(), serde_json::json!({ "type": "string", "enum": words }));
        let Some((_, shape)) = chosen else {
            known.open |= given.is_some() || !optional;
            if given.is_none() && !optional && !known.required.iter().any(|key| key == tag) {
                known.required.push(tag.to_owned());
            }
            return;
        };
        for (key, schema) in &shape.properties {
            if key != tag {
                known.properties.insert(key.clone(), schema.clone());
            }
        }
        for key in &shape.required {
            if !known.required.contains(key) {
                known.required.push(key.clone());
            }
        }
        for nested in &shape.choices {
            self.choose(table, nested, owner, known);
        }
    }

    fn entry(
        &mut self,
        entry: &Entry,
        shape: &Shape,
        known: &mut Known,
        out: &mut Map<String, Json>,
    ) -> Option<()> {
        let key = if known.properties.contains_key(&entry.key) {
            entry.key.as_str()
        } else {
            self.document.canonical(&entry.key)
        };
        let schema = match (known.properties.get(key), &shape.additional) {
            (Some(schema), _) => schema.clone(),
            (None, Some(schema)) => schema.clone(),
            (None, None) if known.open && known.elsewhere.contains_key(key) => return Some(()),
            (None, None) => {
                // It is left out, so that the rest of the table can still be checked.
                self.unknown_key(entry, known);
                return Some(());
            }
        };
        if out.contains_key(key) {
            let message = format!("`{}` is the same as `{key}`, which is given as well", entry.key);
            self.add("duplicate", entry.place, message, None);
            return None;
        }
        let value = self.value(&entry.node, &schema, entry.place)?;
        out.insert(key.to_owned(), value);
        Some(())
    }

    fn unknown_key(&mut self, entry: &Entry, known: &mut Known) {
        if let Some(choice) = known.elsewhere.get(&entry.key) {
            let message = format!("`{}` has a meaning only with `{choice}`", entry.key);
            self.add("unknown-key", entry.place, message, None);
            return;
        }
        let names: Vec<&str> = known.properties.keys().map(String::as_str).collect();
        let written = dotted(entry);
        let synonym =
            names::synonym(&written, |name| names.contains(&self.document.canonical(name)));
        let second = self.document.aliases().filter(|(_, first)| names.contains(first));
        let near = nearest(&written, names.iter().copied().chain(second.map(|(alias, _)| alias)));
        let (meant, help) = match (synonym, near) {
            (Some(ours), _) => (Some(ours), format!("here it is called `{ours}`")),
            (None, Some(near)) => (Some(near), format!("did you mean `{near}`?")),
            (None, None) if names.is_empty() => (None, "there are no keys here".to_owned()),
            (None, None) => (None, format!("known keys: `{}`", names.join("`, `"))),
        };
        let meant = meant.map(|meant| self.document.canonical(meant).to_owned());
        self.add("unknown-key", entry.place, format!("unknown key `{written}`"), Some(help));
        known.misnamed.extend(meant);
    }
}

/// The key as it was probably written: `bootstrap.servers` is a table in a table for TOML.
fn dotted(entry: &Entry) -> String {
    let mut name = entry.key.clone();
    let mut node = &entry.node;
    while let Value::Table(table) = &node.value
        && let [only] = table.entries.as_slice()
    {
        name.push('.');
        name.push_str(&only.key);
        node = &only.node;
    }
    if names::is_synonym(&name) { name } else { entry.key.clone() }
}

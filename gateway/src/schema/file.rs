//! The schema of a whole configuration file.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::document::{Document, REFERENCE};
use crate::config::{GatewaySettings, PipelineSettings};
use crate::registry::{Entry, Registry};

/// The JSON Schema of a configuration file with these types, for editors.
pub(crate) fn file_schema(registry: &Registry) -> Value {
    let mut definitions = Map::new();
    let gateway = place(&mut definitions, "gateway", Document::of::<GatewaySettings>(), None);
    let pipeline = place(&mut definitions, "pipeline", Document::of::<PipelineSettings>(), None);
    let mut one_of = |section: &str| -> Value {
        let types: Vec<Value> = registry
            .of_section(section)
            .map(|entry| {
                let name = format!("{section}.{}", entry.name());
                place(&mut definitions, &name, entry.table().clone(), Some(entry))
            })
            .collect();
        json!({ "type": "object", "required": ["type"], "oneOf": types })
    };
    let sources = one_of("sources");
    let sinks = one_of("sinks");
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Forebay configuration",
        "type": "object",
        "properties": {
            "gateway": gateway,
            "sources": {
                "type": "object",
                "description": "The inputs, by name.",
                "additionalProperties": sources,
            },
            "sinks": {
                "type": "object",
                "description": "The destinations, by name.",
                "additionalProperties": sinks,
            },
            "pipelines": {
                "type": "object",
                "description": "What flows from where to where, by name.",
                "additionalProperties": pipeline,
            },
        },
        "additionalProperties": false,
        "definitions": definitions,
    })
}

/// Puts a document among the definitions, under names that no other document has, and returns a
/// reference to it.
fn place(
    definitions: &mut Map<String, Value>,
    name: &str,
    document: Document,
    entry: Option<&Entry>,
) -> Value {
    let mut root = document.root().clone();
    if let Some(entry) = entry {
        with_type(&mut root, entry);
    }
    with_aliases(&mut root, &document);
    close(&mut root);
    let mut open = BTreeSet::new();
    extended(&root, &mut open);
    document.definitions().values().for_each(|schema| extended(schema, &mut open));
    for (inner, schema) in document.definitions() {
        let mut schema = schema.clone();
        if !open.contains(inner) {
            close(&mut schema);
        }
        rename(&mut schema, name);
        definitions.insert(format!("{name}.{inner}"), schema);
    }
    rename(&mut root, name);
    definitions.insert(name.to_owned(), root);
    json!({ "$ref": format!("{REFERENCE}{name}") })
}

fn with_type(root: &mut Value, entry: &Entry) {
    let Some(root) = root.as_object_mut() else { return };
    if let Some(properties) = properties(root) {
        properties.insert(
            "type".to_owned(),
            json!({ "const": entry.name(), "description": entry.summary() }),
        );
    }
    let required = root.entry("required").or_insert_with(|| json!([]));
    if let Some(required) = required.as_array_mut() {
        required.insert(0, json!("type"));
    }
}

fn with_aliases(root: &mut Value, document: &Document) {
    let Some(properties) = root.as_object_mut().and_then(properties) else { return };
    for (alias, key) in document.aliases() {
        if let Some(schema) = properties.get(key).cloned() {
            properties.entry(alias.to_owned()).or_insert(schema);
        }
    }
}

fn properties(root: &mut Map<String, Value>) -> Option<&mut Map<String, Value>> {
    root.entry("properties").or_insert_with(|| json!({})).as_object_mut()
}

/// Says that a table has no other keys, where that can be said: keys that come from a choice are
/// not seen by `additionalProperties`.
fn close(schema: &mut Value) {
    let Some(schema) = schema.as_object_mut() else { return };
    let chooses = ["oneOf", "anyOf", "allOf"].iter().any(|key| schema.contains_key(*key));
    let is_table = schema.get("type").and_then(Value::as_str) == Some("object");
    if is_table && !chooses && !schema.contains_key("additionalProperties") {
        schema.insert("additionalProperties".to_owned(), json!(false));
    }
}

/// Collects the definitions that are used beside keys of the user's own: they stay open.
fn extended(schema: &Value, names: &mut BTreeSet<String>) {
    let children: Vec<&Value> = match schema {
        Value::Object(entries) => {
            if let (true, Some(Value::Array(parts))) =
                (entries.contains_key("properties"), entries.get("allOf"))
            {
                let targets = parts.iter().filter_map(|part| part.get("$ref")?.as_str());
                names.extend(targets.filter_map(|to| Some(to.strip_prefix(REFERENCE)?.to_owned())));
            }
            entries.values().collect()
        }
        Value::Array(items) => items.iter().collect(),
        _ => return,
    };
    children.into_iter().for_each(|child| extended(child, names));
}

/// Leads all references of a schema to the definitions under `name`.
fn rename(schema: &mut Value, name: &str) {
    match schema {
        Value::Object(entries) => {
            for (key, value) in entries {
                match value {
                    Value::String(target) if key == "$ref" => {
                        if let Some(inner) = target.strip_prefix(REFERENCE) {
                            *target = format!("{REFERENCE}{name}.{inner}");
                        }
                    }
                    other => rename(other, name),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, name)),
        _ => {}
    }
}

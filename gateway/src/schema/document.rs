//! A schema with the definitions that it refers to.

use schemars::generate::SchemaSettings;
use schemars::transform::{RemoveRefSiblings, Transform};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value};

/// A schema with the definitions that it refers to.
///
/// Draft 7, which every editor understands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Document {
    root: Value,
    definitions: Map<String, Value>,
    aliases: Vec<(String, String)>,
}

/// The keyword by which a type lists second names of a key: serde's aliases are not in the schema,
/// so `#[schemars(extend("x-aliases" = ["second_name"]))]` stands beside `#[serde(alias = ...)]`.
const ALIASES: &str = "x-aliases";

/// Where a reference points to, up to the name.
pub(crate) const REFERENCE: &str = "#/definitions/";

impl Document {
    /// The schema of a type.
    pub(crate) fn of<T: JsonSchema>() -> Self {
        Self::merged(&[T::json_schema])
    }

    /// The schema of a table that holds the keys of several types. Where two have the same key,
    /// the first has it; the description is that of the first.
    pub(crate) fn merged(parts: &[fn(&mut SchemaGenerator) -> Schema]) -> Self {
        let mut generator = SchemaSettings::draft07().into_generator();
        let mut roots = parts.iter().map(|part| {
            let mut schema = part(&mut generator);
            RemoveRefSiblings::default().transform(&mut schema);
            schema.to_value()
        });
        let mut root = roots.next().unwrap_or_default();
        for other in roots.by_ref() {
            absorb(&mut root, other);
        }
        drop(roots);
        let definitions = generator.take_definitions(true);
        let mut aliases = Vec::new();
        collect_aliases(&root, &mut aliases);
        definitions.values().for_each(|schema| collect_aliases(schema, &mut aliases));
        Self { root, definitions, aliases }
    }

    /// The schema itself.
    pub(crate) fn root(&self) -> &Value {
        &self.root
    }

    /// What it refers to, by name.
    pub(crate) fn definitions(&self) -> &Map<String, Value> {
        &self.definitions
    }

    /// The second names of keys, and the first.
    pub(crate) fn aliases(&self) -> impl Iterator<Item = (&str, &str)> {
        self.aliases.iter().map(|(alias, key)| (alias.as_str(), key.as_str()))
    }

    /// The first name of a key that may be a second name.
    pub(crate) fn canonical<'a>(&'a self, key: &'a str) -> &'a str {
        self.aliases().find(|(alias, _)| *alias == key).map_or(key, |(_, first)| first)
    }

    /// What a reference points to.
    pub(crate) fn target(&self, reference: &str) -> Option<&Value> {
        self.definitions.get(reference.strip_prefix(REFERENCE)?)
    }
}

/// Collects the second names that a schema lists.
fn collect_aliases(schema: &Value, aliases: &mut Vec<(String, String)>) {
    match schema {
        Value::Object(entries) => {
            for (key, value) in entries {
                if let Some(Value::Array(names)) = value.get(ALIASES) {
                    let names = names.iter().filter_map(Value::as_str);
                    aliases.extend(names.map(|name| (name.to_owned(), key.clone())));
                }
                collect_aliases(value, aliases);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_aliases(item, aliases)),
        _ => {}
    }
}

/// Adds the keys of one table schema to another.
fn absorb(root: &mut Value, other: Value) {
    let (Some(root), Value::Object(mut other)) = (root.as_object_mut(), other) else { return };
    if let Some(Value::Object(theirs)) = other.remove("properties") {
        let ours = root.entry("properties").or_insert_with(|| Value::Object(Map::new()));
        for (key, schema) in theirs {
            if let Some(ours) = ours.as_object_mut() {
                ours.entry(key).or_insert(schema);
            }
        }
    }
    if let Some(Value::Array(theirs)) = other.remove("required") {
        let ours = root.entry("required").or_insert_with(|| Value::Array(Vec::new()));
        if let Some(ours) = ours.as_array_mut() {
            ours.extend(theirs);
        }
    }
}

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
}

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
        Self { root, definitions: generator.take_definitions(true) }
    }

    /// The schema itself.
    pub(crate) fn root(&self) -> &Value {
        &self.root
    }

    /// What it refers to, by name.
    pub(crate) fn definitions(&self) -> &Map<String, Value> {
        &self.definitions
    }

    /// What a reference points to.
    pub(crate) fn target(&self, reference: &str) -> Option<&Value> {
        self.definitions.get(reference.strip_prefix(REFERENCE)?)
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

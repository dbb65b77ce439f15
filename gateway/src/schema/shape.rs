//! One schema with its references and combinations resolved.

use serde_json::{Map, Value};

use super::choice::{self, Choice, Variant};
use super::document::Document;

/// One schema with its references and combinations resolved.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shape {
    /// The JSON types that it admits, without `null`; empty if any.
    pub(crate) types: Vec<String>,
    /// Whether the value may be left out although its key is a property (`Option`).
    pub(crate) nullable: bool,
    /// The keys of a table, with their schemas, in the order of the type.
    pub(crate) properties: Map<String, Value>,
    /// The keys that a table must have.
    pub(crate) required: Vec<String>,
    /// What keys besides `properties` may hold; `None` if there may be none.
    pub(crate) additional: Option<Value>,
    /// What the items of an array are.
    pub(crate) items: Option<Value>,
    /// The only texts that are allowed, with their meaning.
    pub(crate) words: Vec<(String, String)>,
    /// Alternatives, all of which apply on top of the rest.
    pub(crate) choices: Vec<Choice>,
    /// All other keywords: bounds, format, default, description, ...
    pub(crate) keywords: Map<String, Value>,
}

/// How far references may lead; deeper is a circle.
const MAX_DEPTH: u32 = 24;

impl Shape {
    /// Resolves a schema of `document`.
    pub(crate) fn of(document: &Document, schema: &Value) -> Self {
        let mut shape = Self::default();
        shape.absorb(document, schema, 0);
        if shape.types.is_empty() && !shape.words.is_empty() {
            shape.types.push("string".to_owned());
        }
        if shape.types.is_empty() && shape.is_table() {
            shape.types.push("object".to_owned());
        }
        shape
    }

    /// A keyword that is a text.
    pub(crate) fn text(&self, keyword: &str) -> Option<&str> {
        self.keywords.get(keyword).and_then(Value::as_str)
    }

    /// A keyword that is a number.
    pub(crate) fn number(&self, keyword: &str) -> Option<f64> {
        self.keywords.get(keyword).and_then(Value::as_f64)
    }

    /// A keyword that counts.
    pub(crate) fn count(&self, keyword: &str) -> Option<usize> {
        self.keywords.get(keyword).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok())
    }

    /// Whether it is one of `core`'s secrets.
    pub(crate) fn is_secret(&self) -> bool {
        self.text("format") == Some(forebay_core::secret::FORMAT)
    }

    /// Whether a value of this JSON type is admitted, as far as the types tell.
    pub(crate) fn admits(&self, kind: &str) -> bool {
        self.types.is_empty() || self.types.iter().any(|admitted| admitted == kind)
    }

    /// Whether it says anything about tables.
    pub(crate) fn is_table(&self) -> bool {
        let tagged = |choice: &Choice| matches!(choice.variant, Variant::Tagged { .. });
        self.types.iter().any(|kind| kind == "object")
            || !self.properties.is_empty()
            || self.choices.iter().any(tagged)
    }

    fn absorb(&mut self, document: &Document, schema: &Value, depth: u32) {
        let Value::Object(schema) = schema else { return };
        if depth > MAX_DEPTH {
            return;
        }
        for (keyword, value) in schema {
            self.keyword(keyword, value);
        }
        // Alternatives and references last: what stands beside one overrides what stands in it.
        for alternatives in ["oneOf", "anyOf"] {
            if let Some(Value::Array(branches)) = schema.get(alternatives) {
                self.alternatives(document, branches, depth);
            }
        }
        if let Some(target) =
            schema.get("$ref").and_then(Value::as_str).and_then(|name| document.target(name))
        {
            self.absorb(document, target, depth + 1);
        }
        if let Some(Value::Array(parts)) = schema.get("allOf") {
            for part in parts {
                self.absorb(document, part, depth + 1);
            }
        }
    }

    fn keyword(&mut self, keyword: &str, value: &Value) {
        match (keyword, value) {
            ("$ref" | "allOf" | "oneOf" | "anyOf", _) => {}
            ("type", Value::String(kind)) => self.kinds(std::slice::from_ref(kind)),
            ("type", Value::Array(kinds)) => {
                let kinds: Vec<String> =
                    kinds.iter().filter_map(Value::as_str).map(str::to_owned).collect();
                self.kinds(&kinds);
            }
            ("properties", Value::Object(properties)) => {
                for (key, schema) in properties {
                    self.properties.entry(key.clone()).or_insert_with(|| schema.clone());
                }
            }
            ("required", Value::Array(required)) => {
                for key in required.iter().filter_map(Value::as_str) {
                    if !self.required.iter().any(|known| known == key) {
                        self.required.push(key.to_owned());
                    }
                }
            }
            ("additionalProperties", Value::Bool(false)) => {}
            ("additionalProperties", schema) => self.additional = Some(schema.clone()),
            ("patternProperties", Value::Object(patterns)) => {
                self.additional = patterns.values().next().cloned();
            }
            ("items", schema) => self.items = Some(schema.clone()),
            ("const", Value::String(word)) => self.words.push((word.clone(), String::new())),
            ("enum", Value::Array(words)) => {
                self.nullable |= words.contains(&Value::Null);
                let words = words.iter().filter_map(Value::as_str);
                self.words.extend(words.map(|word| (word.to_owned(), String::new())));
            }
            (_, value) => {
                self.keywords.entry(keyword.to_owned()).or_insert_with(|| value.clone());
            }
        }
    }

    fn kinds(&mut self, kinds: &[String]) {
        let first = self.types.is_empty();
        for kind in kinds {
            if kind == "null" {
                self.nullable = true;
            } else if first {
                self.types.push(kind.clone());
            }
        }
    }

    fn alternatives(&mut self, document: &Document, branches: &[Value], depth: u32) {
        let is_null = |branch: &Value| branch.get("type").and_then(Value::as_str) == Some("null");
        self.nullable |= branches.iter().any(is_null);
        let branches: Vec<&Value> = branches.iter().filter(|branch| !is_null(branch)).collect();
        // `{}` beside the others: a flattened `Option`.
        let is_anything = |branch: &Value| {
            branch.as_object().is_some_and(Map::is_empty) || *branch == Value::Bool(true)
        };
        let optional = branches.iter().any(|branch| is_anything(branch));
        let branches: Vec<&Value> =
            branches.into_iter().filter(|branch| !is_anything(branch)).collect();
        match branches.as_slice() {
            [] => {}
            [only] if !optional => self.absorb(document, only, depth + 1),
            _ => {
                let shapes: Vec<Shape> = branches
                    .iter()
                    .map(|branch| {
                        let mut shape = Shape::default();
                        shape.absorb(document, branch, depth + 1);
                        shape
                    })
                    .collect();
                if shapes.iter().all(|shape| !shape.words.is_empty() && !shape.is_table()) {
                    self.words.extend(shapes.iter().flat_map(choice::words_of));
                    self.kinds(&["string".to_owned()]);
                } else if let [only] = shapes.as_slice()
                    && let [nested] = only.choices.as_slice()
                {
                    self.choices.push(Choice { optional, ..nested.clone() });
                } else {
                    self.choices.push(Choice::of(document, shapes, optional));
                }
            }
        }
    }
}

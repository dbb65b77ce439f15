//! Holds a tree against a schema: all that does not fit is found, and what fits becomes JSON.

use std::path::Path;

use serde_json::{Map, Value as Json};

use super::finding::{Finding, Findings};
use super::place::Place;
use super::tree::{Node, Text, Value};
use crate::schema::{Document, Shape, Variant, takes};

/// A walk through one section of the configuration.
///
/// Its methods return `None` where something is wrong, and have then added at least one finding.
pub(super) struct Walk<'a> {
    /// The schema.
    pub(super) document: &'a Document,
    /// The folder of the file: relative paths of secrets begin there.
    pub(super) folder: &'a Path,
    /// Whether keys may seem to be missing only because the file has syntax errors.
    pub(super) damaged: bool,
    /// The keys that lead to the value at hand.
    pub(super) path: Vec<String>,
    /// What was found.
    pub(super) findings: &'a mut Findings,
}

impl Walk<'_> {
    /// A value against a schema. `owner` is the key to which it belongs.
    pub(super) fn value(&mut self, node: &Node, schema: &Json, owner: Place) -> Option<Json> {
        let shape = Shape::of(self.document, schema);
        self.shaped(node, &shape, owner)
    }

    pub(super) fn shaped(&mut self, node: &Node, shape: &Shape, owner: Place) -> Option<Json> {
        if matches!(node.value, Value::Broken) {
            return None;
        }
        if shape.is_secret() {
            return self.secret(node);
        }
        if !shape.is_table() && shape.types.is_empty() {
            match shape.choices.first().map(|choice| &choice.variant) {
                Some(Variant::Any(shapes)) => return self.any(node, shape, shapes, owner),
                Some(Variant::Named { words, keys }) => {
                    return self.named(node, shape, words, keys);
                }
                Some(Variant::Tagged { .. }) | None => {}
            }
            if shape.choices.is_empty() {
                return self.untyped(node);
            }
        }
        match &node.value {
            Value::Text(text) if shape.admits("string") && !shape.is_table() => {
                self.text(node, text, shape)
            }
            Value::Text(text) if text.replaced => self.replaced(node, text, shape),
            Value::Integer(number) if shape.admits("integer") || shape.admits("number") => {
                self.integer(node, *number, shape)
            }
            Value::Float(number) if shape.admits("number") => self.float(node, *number, shape),
            Value::Boolean(truth) if shape.admits("boolean") => Some(Json::Bool(*truth)),
            Value::Datetime(time)
                if shape.admits("string")
                    && shape.text("format").is_some_and(|format| format.starts_with("date")) =>
            {
                Some(Json::String(time.clone()))
            }
            Value::Array(items) if shape.admits("array") => self.array(node, items, shape),
            Value::Table(table) if shape.admits("object") => self.table(node, table, shape, owner),
            _ => self.wrong_type(node, shape),
        }
    }

    /// A value of which the schema says nothing.
    fn untyped(&mut self, node: &Node) -> Option<Json> {
        match &node.value {
            Value::Text(text) => Some(Json::String(text.text.clone())),
            Value::Integer(number) => Some(whole(*number)),
            Value::Float(number) => serde_json::Number::from_f64(*number).map(Json::Number),
            Value::Boolean(truth) => Some(Json::Bool(*truth)),
            Value::Datetime(time) => Some(Json::String(time.clone())),
            Value::Array(items) => items.iter().map(|item| self.untyped(item)).collect(),
            Value::Table(table) => {
                let mut map = Map::new();
                for entry in &table.entries {
                    map.insert(entry.key.clone(), self.untyped(&entry.node)?);
                }
                Some(Json::Object(map))
            }
            Value::Broken => None,
        }
    }

    fn array(&mut self, node: &Node, items: &[Node], shape: &Shape) -> Option<Json> {
        let mut fits = true;
        if shape.count("minItems").is_some_and(|least| items.len() < least) {
            let least = shape.count("minItems").unwrap_or_default();
            fits = false;
            self.add("range", node.place, format!("needs at least {least} in the list"), None);
        }
        if shape.count("maxItems").is_some_and(|most| items.len() > most) {
            let most = shape.count("maxItems").unwrap_or_default();
            fits = false;
            self.add("range", node.place, format!("takes at most {most} in the list"), None);
        }
        let mut out = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            self.path.push(index.to_string());
            let value = match &shape.items {
                Some(Json::Array(each)) => match each.get(index) {
                    Some(schema) => self.value(item, schema, item.place),
                    None => self.untyped(item),
                },
                Some(schema) => self.value(item, schema, item.place),
                None => self.untyped(item),
            };
            self.path.pop();
            match value {
                Some(value) if shape.keywords.get("uniqueItems") == Some(&Json::Bool(true)) => {
                    if out.contains(&value) {
                        fits = false;
                        self.add("duplicate", item.place, "stands in the list twice", None);
                    }
                    out.push(value);
                }
                Some(value) => out.push(value),
                None => fits = false,
            }
        }
        fits.then_some(Json::Array(out))
    }

    /// A text that came from a variable, where something else than a text is wanted.
    fn replaced(&mut self, node: &Node, text: &Text, shape: &Shape) -> Option<Json> {
        let trimmed = text.text.trim();
        if shape.admits("boolean") && (trimmed == "true" || trimmed == "false") {
            return Some(Json::Bool(trimmed == "true"));
        }
        if (shape.admits("integer") || shape.admits("number"))
            && let Ok(number) = trimmed.parse::<i64>()
        {
            return self.integer(node, i128::from(number), shape);
        }
        if shape.admits("number")
            && let Ok(number) = trimmed.parse::<f64>()
            && number.is_finite()
        {
            return self.float(node, number, shape);
        }
        let message = format!(
            "expected {}, but that is not what the variable holds",
            takes(self.document, shape)
        );
        self.add("type", node.place, message, None);
        None
    }

    pub(super) fn wrong_type(&mut self, node: &Node, shape: &Shape) -> Option<Json> {
        let expected = takes(self.document, shape);
        let help = match (&node.value, shape.text("format")) {
            (Value::Integer(n), Some("duration-with-unit")) => {
                Some(format!("give it a unit, in quotes: \"{n}ms\" or \"{n}s\""))
            }
            (Value::Integer(n), Some("size-with-unit")) => {
                Some(format!("give it a unit, in quotes: \"{n}B\" or \"{n}MiB\""))
            }
            (Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_), _)
                if shape.admits("string") =>
            {
                Some("put it in quotes".to_owned())
            }
            (Value::Text(_), _) if shape.admits("array") => {
                Some("put it in brackets, even if it is only one".to_owned())
            }
            (Value::Text(text), _)
                if text.text.parse::<f64>().is_ok()
                    && (shape.admits("integer") || shape.admits("number")) =>
            {
                Some("leave out the quotes".to_owned())
            }
            _ => None,
        };
        let message = format!("expected {expected}, found {}", node.kind());
        self.add("type", node.place, message, help);
        None
    }

    pub(super) fn add(
        &mut self,
        code: &'static str,
        place: Place,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let finding =
            Finding::error(code, place, message).maybe_help(help).path(self.path.join("."));
        self.findings.add(finding);
    }
}

/// A whole number as JSON; the tree holds only those that fit.
pub(super) fn whole(number: i128) -> Json {
    i64::try_from(number)
        .map(Json::from)
        .or_else(|_| u64::try_from(number).map(Json::from))
        .unwrap_or(Json::Null)
}

//! Values that may be of several kinds.

use serde_json::{Value as Json, json};

use super::place::Place;
use super::tree::{Node, Value};
use super::walk::Walk;
use crate::schema::{Shape, nearest};

impl Walk<'_> {
    /// Takes the first alternative that fits; if none does, reports what the nearest one lacks.
    pub(super) fn any(
        &mut self,
        node: &Node,
        whole: &Shape,
        shapes: &[Shape],
        owner: Place,
    ) -> Option<Json> {
        let mut fewest: Option<Vec<_>> = None;
        for shape in shapes.iter().filter(|shape| may_be(node, shape)) {
            let before = self.findings.list.len();
            let value = self.shaped(node, shape, owner);
            let found = self.findings.list.split_off(before);
            if value.is_some() && found.is_empty() {
                return value;
            }
            if fewest.as_ref().is_none_or(|fewest| found.len() < fewest.len()) {
                fewest = Some(found);
            }
        }
        match fewest {
            Some(found) => {
                self.findings.list.extend(found);
                None
            }
            None => self.wrong_type(node, whole),
        }
    }

    /// A single word, or a table with a single key.
    pub(super) fn named(
        &mut self,
        node: &Node,
        shape: &Shape,
        words: &[(String, String)],
        keys: &[(String, Json)],
    ) -> Option<Json> {
        match &node.value {
            Value::Text(text) => {
                let words: Vec<&str> = words.iter().map(|(word, _)| word.as_str()).collect();
                if keys.iter().any(|(key, _)| *key == text.text) {
                    let help = format!("write {{ {} = ... }}", text.text);
                    let message = format!("`{}` takes options", text.text);
                    self.add("type", node.place, message, Some(help));
                    return None;
                }
                if let Some((code, message, help)) = self.unknown_word(&text.text, &words) {
                    self.add(code, node.place, message, help);
                    return None;
                }
                Some(Json::String(text.text.clone()))
            }
            Value::Table(table) => {
                let names = || keys.iter().map(|(key, _)| key.as_str());
                let [entry] = table.entries.as_slice() else {
                    let all = names().collect::<Vec<_>>().join("`, `");
                    self.add("type", node.place, format!("needs exactly one of `{all}`"), None);
                    return None;
                };
                let Some((key, schema)) = keys.iter().find(|(key, _)| *key == entry.key) else {
                    let help =
                        nearest(&entry.key, names()).map(|near| format!("did you mean `{near}`?"));
                    let message = format!("unknown key `{}`", entry.key);
                    self.add("unknown-key", entry.place, message, help);
                    return None;
                };
                self.path.push(key.clone());
                let value = self.value(&entry.node, schema, entry.place);
                self.path.pop();
                Some(json!({ key: value? }))
            }
            _ => self.wrong_type(node, shape),
        }
    }
}

/// Whether a value could be of this shape, by its kind alone.
fn may_be(node: &Node, shape: &Shape) -> bool {
    match &node.value {
        Value::Text(text) => text.replaced || (shape.admits("string") && !shape.is_table()),
        Value::Integer(_) => shape.admits("integer") || shape.admits("number"),
        Value::Float(_) => shape.admits("number"),
        Value::Boolean(_) => shape.admits("boolean"),
        Value::Datetime(_) => shape.admits("string"),
        Value::Array(_) => shape.admits("array"),
        Value::Table(_) => shape.admits("object"),
        Value::Broken => false,
    }
}

//! Takes secrets out of values.

use serde_json::{Map, Value};

use super::choice::Variant;
use super::document::Document;
use super::shape::Shape;

/// What stands where a secret was.
const REDACTED: &str = "[secret]";

/// Words in a key by which its text is taken for a secret, whatever its type says of it.
const SECRETIVE: &[&str] = &["password", "passwd", "secret", "token", "credential", "private_key"];

/// Whether a text under this key is taken for a secret.
pub(crate) fn is_secretive(key: &str) -> bool {
    let key = key.to_lowercase().replace(['.', '-'], "_");
    SECRETIVE.iter().any(|word| key.contains(word))
}

/// A value that fits a schema, without what must not be shown: values that the schema marks as
/// secrets under any of its alternatives, texts under keys that speak of secrets, and passwords
/// in URLs.
pub(crate) fn without_secrets(document: &Document, value: Value) -> Value {
    redacted(document, &[Shape::of(document, document.root())], value)
}

fn redacted(document: &Document, shapes: &[Shape], value: Value) -> Value {
    let shapes = alternatives(shapes);
    if shapes.iter().any(|shape| shape.is_secret()) && !value.is_null() {
        return REDACTED.into();
    }
    match value {
        Value::Object(table) => Value::Object(
            table
                .into_iter()
                .map(|(key, value)| {
                    let inner = shapes_at(document, &shapes, &key);
                    let value = redacted(document, &inner, value);
                    let value = if is_secretive(&key) { without_texts(value) } else { value };
                    (key, value)
                })
                .collect::<Map<_, _>>(),
        ),
        Value::Array(items) => {
            let inner = shapes_of_items(document, &shapes);
            items.into_iter().map(|item| redacted(document, &inner, item)).collect()
        }
        Value::String(text) => Value::String(without_password(text)),
        other => other,
    }
}

/// The shapes and everything that may stand in their place, at any depth.
fn alternatives(shapes: &[Shape]) -> Vec<&Shape> {
    let mut all: Vec<&Shape> = shapes.iter().collect();
    let mut next = 0;
    while let Some(shape) = all.get(next).copied() {
        for choice in &shape.choices {
            match &choice.variant {
                Variant::Tagged { branches, .. } => {
                    all.extend(branches.iter().map(|(_, shape)| shape));
                }
                Variant::Any(shapes) => all.extend(shapes),
                Variant::Named { .. } => {}
            }
        }
        next += 1;
    }
    all
}

fn shapes_at(document: &Document, shapes: &[&Shape], key: &str) -> Vec<Shape> {
    let of_one = |shape: &&Shape| {
        let named = shape.choices.iter().flat_map(|choice| match &choice.variant {
            Variant::Named { keys, .. } => keys.as_slice(),
            Variant::Tagged { .. } | Variant::Any(_) => &[],
        });
        let named = named.filter(|(name, _)| name == key).map(|(_, schema)| schema);
        let own = shape.properties.get(key).or(shape.additional.as_ref());
        named.chain(own).map(|schema| Shape::of(document, schema)).collect::<Vec<_>>()
    };
    shapes.iter().flat_map(of_one).collect()
}

fn shapes_of_items(document: &Document, shapes: &[&Shape]) -> Vec<Shape> {
    let schemas = shapes.iter().filter_map(|shape| shape.items.as_ref());
    let each = schemas.flat_map(|schema| match schema {
        Value::Array(each) => each.as_slice(),
        one => std::slice::from_ref(one),
    });
    each.map(|schema| Shape::of(document, schema)).collect()
}

/// Texts, and texts in lists, become nothing; tables have keys that speak for themselves.
fn without_texts(value: Value) -> Value {
    match value {
        Value::String(_) => REDACTED.into(),
        Value::Array(items) => items.into_iter().map(without_texts).collect(),
        other => other,
    }
}

/// `scheme://user:password@host` without the password
/// ([RFC 3986, 3.2.1](https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1)).
fn without_password(text: String) -> String {
    let Some(begin) = text.find("://").map(|at| at + 3) else { return text };
    let rest = &text[begin..];
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let Some(at) = authority.rfind('@') else { return text };
    let Some(colon) = authority[..at].find(':') else { return text };
    format!("{}:{REDACTED}{}", &text[..begin + colon], &rest[at..])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use forebay_core::secret::Secret;
    use schemars::JsonSchema;
    use serde_json::json;

    use super::*;

    /// Options that hold a secret in every way that a type can.
    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Options {
        plain: Secret,
        absent: Option<Secret>,
        list: Vec<Secret>,
        table: BTreeMap<String, Secret>,
        #[serde(flatten)]
        format: Format,
        auth: Option<Auth>,
        any: Any,
        properties: BTreeMap<String, String>,
        url: String,
    }

    #[derive(JsonSchema)]
    #[serde(tag = "format", rename_all = "snake_case")]
    #[expect(dead_code, reason = "only its schema is used")]
    enum Format {
        Json,
        Sealed { key: Secret },
    }

    #[derive(JsonSchema)]
    #[serde(rename_all = "snake_case")]
    #[expect(dead_code, reason = "only its schema is used")]
    enum Auth {
        None,
        Basic { user: String, pass: Secret },
        Pair(String, Secret),
    }

    #[derive(JsonSchema)]
    #[serde(untagged)]
    #[expect(dead_code, reason = "only its schema is used")]
    enum Any {
        Word(Secret),
        Words(Vec<Secret>),
        Number(u64),
    }

    #[test]
    fn no_secret_is_left_wherever_a_type_may_hold_one() {
        let document = Document::of::<Options>();
        let given = [
            json!({ "plain": "hunter2", "absent": "hunter2", "list": ["hunter2", "hunter2"] }),
            json!({ "plain": { "file": "hunter2" }, "table": { "a": "hunter2" } }),
            json!({ "format": "sealed", "key": "hunter2" }),
            json!({ "auth": { "basic": { "user": "u", "pass": "hunter2" } } }),
            json!({ "auth": { "pair": ["u", "hunter2"] } }),
            json!({ "any": "hunter2" }),
            json!({ "any": ["hunter2"] }),
            json!({ "properties": { "sasl.password": "hunter2", "ssl.Key-Password": "hunter2" } }),
            json!({ "url": "http://u:hunter2@host/x", "properties": { "x": "a://:hunter2@h" } }),
        ];
        for value in given {
            let shown = without_secrets(&document, value.clone()).to_string();
            assert!(!shown.contains("hunter2") && shown.contains(REDACTED), "{value}: {shown}");
        }
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        let document = Document::of::<Options>();
        let value = json!({
            "absent": null,
            "any": 7,
            "format": "json",
            "auth": "none",
            "properties": { "acks": "all", "url": "http://u@host:1/a:b@c" },
            "url": "tcp://[::1]:9000",
        });
        // A text where a secret may stand is one.
        let expected = json!({
            "absent": null,
            "any": REDACTED,
            "format": "json",
            "auth": "none",
            "properties": { "acks": "all", "url": "http://u@host:1/a:b@c" },
            "url": "tcp://[::1]:9000",
        });
        assert_eq!(without_secrets(&document, value), expected);
    }
}

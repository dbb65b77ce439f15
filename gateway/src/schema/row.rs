//! One option as a person reads it.

use serde::Serialize;
use serde_json::Value;

use super::choice::Variant;
use super::document::Document;
use super::shape::Shape;
use super::words::{first_sentence, inline_toml, one_line};

/// One option as a person reads it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    /// The key; dotted where it stands in a table of its own.
    pub(crate) key: String,
    /// What it takes: `text`, `duration`, `list of text`, `"a"` or `"b"`, ...
    pub(crate) takes: String,
    /// Whether it has to be there.
    pub(crate) required: bool,
    /// The default as TOML, if there is one.
    pub(crate) default: Option<String>,
    /// An example as TOML, if the type gives one.
    pub(crate) example: Option<String>,
    /// What it means.
    pub(crate) description: String,
    /// The choice with which it belongs, such as `format = "csv"`.
    pub(crate) with: Option<String>,
}

impl Row {
    /// The first sentence of the description.
    pub(crate) fn summary(&self) -> String {
        first_sentence(&self.description)
    }
}

/// How deep tables within tables are listed key by key.
const MAX_NESTING: usize = 3;

/// The options of a table: those that are required first, else by name; those of a choice after
/// the option that chooses.
pub(crate) fn rows(document: &Document) -> Vec<Row> {
    let mut rows = Vec::new();
    let shape = Shape::of(document, document.root());
    collect(document, &shape, &Context::default(), &mut rows);
    rows
}

#[derive(Clone, Default)]
struct Context {
    prefix: Vec<String>,
    with: Option<String>,
    defaults: Option<Value>,
}

fn collect(document: &Document, shape: &Shape, context: &Context, rows: &mut Vec<Row>) {
    let required = shape.required.iter().filter(|key| shape.properties.contains_key(*key));
    let optional = shape.properties.keys().filter(|key| !shape.required.contains(key));
    for key in required.chain(optional) {
        if let Some(schema) = shape.properties.get(key) {
            one(document, key, schema, shape.required.contains(key), context, rows);
        }
    }
    for choice in &shape.choices {
        let Variant::Tagged { tag, branches } = &choice.variant else { continue };
        chosen(document, tag, branches, !choice.optional, context, rows);
    }
}

/// The option that chooses, then what each choice adds.
fn chosen(
    document: &Document,
    tag: &str,
    branches: &[(String, Shape)],
    required: bool,
    context: &Context,
    rows: &mut Vec<Row>,
) {
    let words: Vec<String> = branches.iter().map(|(word, _)| format!("\"{word}\"")).collect();
    let meanings: Vec<String> = branches
        .iter()
        .filter_map(|(word, shape)| {
            let meaning = first_sentence(shape.text("description")?);
            (!meaning.is_empty()).then(|| format!("`{word}`: {meaning}."))
        })
        .collect();
    rows.push(Row {
        key: dotted(context, tag),
        takes: words.join(" or "),
        required,
        default: None,
        example: None,
        description: meanings.join(" "),
        with: context.with.clone(),
    });
    for (word, shape) in branches {
        let mut inner = shape.clone();
        inner.properties.remove(tag);
        let context = Context {
            with: Some(format!("{} = \"{word}\"", dotted(context, tag))),
            ..context.clone()
        };
        collect(document, &inner, &context, rows);
    }
}

fn one(
    document: &Document,
    key: &str,
    schema: &Value,
    required: bool,
    context: &Context,
    rows: &mut Vec<Row>,
) {
    let shape = Shape::of(document, schema);
    let inherited = context.defaults.as_ref().and_then(|defaults| defaults.get(key));
    let default = inherited.or_else(|| shape.keywords.get("default"));
    let example = shape.keywords.get("examples").and_then(|examples| examples.get(0));
    rows.push(Row {
        key: dotted(context, key),
        takes: takes(document, &shape),
        required,
        default: default.filter(|value| !value.is_null()).and_then(inline_toml),
        example: example.and_then(inline_toml),
        description: described(document, &shape),
        with: context.with.clone(),
    });
    let plain_table = shape.is_table() && !shape.is_secret() && shape.additional.is_none();
    if plain_table && context.prefix.len() + 1 < MAX_NESTING {
        let mut prefix = context.prefix.clone();
        prefix.push(key.to_owned());
        let inner = Context { prefix, with: context.with.clone(), defaults: default.cloned() };
        collect(document, &shape, &inner, rows);
    }
}

fn dotted(context: &Context, key: &str) -> String {
    context.prefix.iter().map(String::as_str).chain([key]).collect::<Vec<_>>().join(".")
}

fn described(document: &Document, shape: &Shape) -> String {
    let mut text = shape.text("description").unwrap_or_default().trim().to_owned();
    // What the type of secrets says of itself, where the option has words of its own.
    if shape.is_secret() && !text.contains("{ file = ") {
        text.push_str(" Or `{ file = \"path\" }`, to read it from a file.");
    }
    let meanings: Vec<String> = meanings(document, shape)
        .iter()
        .filter(|(_, meaning)| !meaning.is_empty())
        .map(|(word, meaning)| format!("`{word}`: {}.", one_line(meaning).trim_end_matches('.')))
        .collect();
    if !meanings.is_empty() {
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(&meanings.join(" "));
    }
    text
}

/// The words of a choice, and the keys that may stand in their place, with their meaning.
fn meanings(document: &Document, shape: &Shape) -> Vec<(String, String)> {
    let mut meanings = shape.words.clone();
    for choice in &shape.choices {
        let Variant::Named { words, keys } = &choice.variant else { continue };
        meanings.extend(words.iter().cloned());
        meanings.extend(keys.iter().map(|(key, schema)| {
            let value = Shape::of(document, schema);
            (key.clone(), value.text("description").unwrap_or_default().to_owned())
        }));
    }
    meanings
}

/// What a value of this shape is, in words.
pub(crate) fn takes(document: &Document, shape: &Shape) -> String {
    in_words(document, shape, 0)
}

/// How deep lists of lists are put into words; types may be recursive.
const MAX_WORDS: u32 = 2;

fn in_words(document: &Document, shape: &Shape, depth: u32) -> String {
    if shape.is_secret() {
        return "secret".to_owned();
    }
    if !shape.words.is_empty() {
        let words: Vec<String> =
            shape.words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        return words.join(" or ");
    }
    let kinds: Vec<String> =
        shape.types.iter().map(|kind| kind_in_words(document, shape, kind, depth)).collect();
    if !kinds.is_empty() {
        return kinds.join(" or ");
    }
    let of_choices: Vec<String> = shape
        .choices
        .iter()
        .flat_map(|choice| match &choice.variant {
            Variant::Any(shapes) => {
                shapes.iter().map(|shape| in_words(document, shape, depth)).collect()
            }
            Variant::Tagged { .. } => vec!["table".to_owned()],
            Variant::Named { words, keys } => {
                let words = words.iter().map(|(word, _)| format!("\"{word}\""));
                words.chain(keys_in_words(document, keys, depth)).collect()
            }
        })
        .collect();
    if of_choices.is_empty() { "any value".to_owned() } else { of_choices.join(" or ") }
}

/// Tables of one key each; within others just tables.
fn keys_in_words(document: &Document, keys: &[(String, Value)], depth: u32) -> Vec<String> {
    if depth > 0 {
        return vec!["table".to_owned()];
    }
    let value = |schema| in_words(document, &Shape::of(document, schema), depth + 1);
    keys.iter().map(|(key, schema)| format!("{{ {key} = {} }}", value(schema))).collect()
}

fn kind_in_words(document: &Document, shape: &Shape, kind: &str, depth: u32) -> String {
    match (kind, shape.text("format")) {
        ("string", Some("duration-with-unit")) => "duration".to_owned(),
        ("string", Some("size-with-unit")) => "size".to_owned(),
        ("string", _) => "text".to_owned(),
        ("integer", _) => "whole number".to_owned(),
        ("number", _) => "number".to_owned(),
        ("boolean", _) => "true or false".to_owned(),
        ("array", _) => match &shape.items {
            Some(items) if depth < MAX_WORDS => {
                let items = Shape::of(document, items);
                format!("list of {}", in_words(document, &items, depth + 1))
            }
            _ => "list".to_owned(),
        },
        ("object", _) => match &shape.additional {
            Some(values @ Value::Object(schema)) if !schema.is_empty() && depth < MAX_WORDS => {
                let values = Shape::of(document, values);
                format!("table of {}", in_words(document, &values, depth + 1))
            }
            _ => "table".to_owned(),
        },
        (other, _) => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use forebay_core::secret::Secret;
    use schemars::JsonSchema;
    use serde::Serialize;

    use super::*;

    /// Where to begin.
    #[expect(dead_code, reason = "its schema is all that is looked at")]
    #[derive(Serialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    enum Start {
        /// With the first.
        Earliest,
        /// With these.
        Numbers(BTreeMap<String, String>),
    }

    /// All of it.
    #[derive(Serialize, JsonSchema)]
    struct Options {
        /// Where reading begins.
        start: Start,
        /// Where it ends.
        #[serde(skip_serializing_if = "Option::is_none")]
        end: Option<Start>,
        /// The password.
        password: Option<Secret>,
    }

    #[test]
    fn an_option_is_described_by_its_own_words_and_those_of_its_choices() {
        let rows = rows(&Document::of::<Options>());
        let row = |key: &str| rows.iter().find(|row| row.key == key).unwrap();
        let takes = "\"earliest\" or { numbers = table of text }";
        let choices = "`earliest`: With the first. `numbers`: With these.";
        for (key, words) in [("start", "Where reading begins."), ("end", "Where it ends.")] {
            assert_eq!(row(key).takes, takes, "{key}");
            assert_eq!(row(key).description, format!("{words}\n\n{choices}"));
        }
        assert!(row("password").description.starts_with("The password. Or `{ file = "));
    }
}

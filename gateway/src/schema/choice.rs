//! A set of alternatives.

use serde_json::Value;

use super::document::Document;
use super::shape::Shape;

/// A set of alternatives, as serde writes the kinds of enums.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    /// The kind.
    pub(crate) variant: Variant,
    /// Whether none of them has to apply (a flattened `Option`).
    pub(crate) optional: bool,
}

/// How an alternative is chosen.
#[derive(Clone, Debug)]
pub(crate) enum Variant {
    /// By the text at a key of the table: `format = "json"`.
    Tagged {
        /// The key.
        tag: String,
        /// The texts, and what each adds to the table.
        branches: Vec<(String, Shape)>,
    },
    /// By a single text or the single key of a table: `"plain"` or `{ window = {...} }`.
    Named {
        /// The texts, with their meaning.
        words: Vec<(String, String)>,
        /// The keys, and the schema of what stands there.
        keys: Vec<(String, Value)>,
    },
    /// By what fits.
    Any(Vec<Shape>),
}

impl Choice {
    /// Finds out which kind of choice these alternatives are.
    pub(super) fn of(document: &Document, shapes: Vec<Shape>, optional: bool) -> Self {
        let variant =
            tagged(document, &shapes).or_else(|| named(&shapes)).unwrap_or(Variant::Any(shapes));
        Self { variant, optional }
    }
}

/// The texts of a shape; a single one has the shape's own description.
pub(super) fn words_of(shape: &Shape) -> Vec<(String, String)> {
    let meaning = shape.text("description").unwrap_or_default();
    match shape.words.as_slice() {
        [(word, _)] => vec![(word.clone(), meaning.to_owned())],
        words => words.to_vec(),
    }
}

fn tagged(document: &Document, shapes: &[Shape]) -> Option<Variant> {
    let first = shapes.first()?;
    let tag = first.properties.keys().find(|key| {
        shapes
            .iter()
            .all(|shape| shape.required.contains(key) && tag_words(document, shape, key).is_some())
    })?;
    let mut branches = Vec::new();
    for shape in shapes {
        for word in tag_words(document, shape, tag)? {
            branches.push((word, shape.clone()));
        }
    }
    Some(Variant::Tagged { tag: tag.clone(), branches })
}

fn tag_words(document: &Document, shape: &Shape, key: &str) -> Option<Vec<String>> {
    let words = Shape::of(document, shape.properties.get(key)?).words;
    (!words.is_empty()).then(|| words.into_iter().map(|(word, _)| word).collect())
}

fn named(shapes: &[Shape]) -> Option<Variant> {
    let mut words = Vec::new();
    let mut keys = Vec::new();
    for shape in shapes {
        let single = shape.properties.iter().next();
        match (single, shape.required.as_slice()) {
            (Some((key, schema)), [required])
                if shape.properties.len() == 1 && key == required && shape.words.is_empty() =>
            {
                keys.push((key.clone(), with_meaning(schema, shape)));
            }
            (None, _) if !shape.words.is_empty() => words.extend(words_of(shape)),
            _ => return None,
        }
    }
    (!keys.is_empty()).then_some(Variant::Named { words, keys })
}

/// The schema of what stands at the key of an alternative, with the meaning of the alternative.
fn with_meaning(schema: &Value, alternative: &Shape) -> Value {
    let mut schema = schema.clone();
    if let (Value::Object(own), Some(meaning)) = (&mut schema, alternative.text("description")) {
        own.insert("description".to_owned(), meaning.into());
    }
    schema
}

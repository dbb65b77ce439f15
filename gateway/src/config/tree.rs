//! TOML as a tree in which everything knows its place.

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::finding::{Finding, Findings};
use super::place::Place;
use super::variables::{self, Environment};
use crate::schema::is_secretive;

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// A text, after its variables were replaced.
    Text(Text),
    Integer(i128),
    Float(f64),
    Boolean(bool),
    /// A date or time, as it was written.
    Datetime(String),
    Array(Vec<Node>),
    Table(Table),
    /// Something that was found wrong already.
    Broken,
}

/// A text.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pub(super) text: String,
    /// Whether a variable was replaced in it: then it may stand for a number or a truth value.
    pub(super) replaced: bool,
}

/// The entries of a table, in the order of the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) entries: Vec<Entry>,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) place: Place,
    pub(super) node: Node,
}

impl Node {
    /// What it is, with its article.
    pub(super) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Text(_) => "a text",
            Value::Integer(_) => "a whole number",
            Value::Float(_) => "a number",
            Value::Boolean(_) => "true or false",
            Value::Datetime(_) => "a date or time",
            Value::Array(_) => "a list",
            Value::Table(_) => "a table",
            Value::Broken => "nothing",
        }
    }

    pub(super) fn table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(&text.text),
            _ => None,
        }
    }
}

impl Table {
    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }
}

/// Makes trees of files.
pub(super) struct Planter<'a> {
    pub(super) file: usize,
    pub(super) environment: &'a Environment<'a>,
    pub(super) findings: &'a mut Findings,
}

impl Planter<'_> {
    /// The tree of one file. Syntax errors become findings; what could be read nevertheless is in
    /// the tree.
    pub(super) fn document(&mut self, text: &str) -> Table {
        let (root, errors) = DeTable::parse_recoverable(text);
        let mut lines = Vec::new();
        for error in errors {
            let span = error.span().unwrap_or(text.len()..text.len());
            let line = text.get(..span.start).map_or(0, |before| before.matches('\n').count());
            // One slip often makes the parser complain several times of one line.
            if lines.contains(&line) {
                continue;
            }
            lines.push(line);
            let message = error.message().lines().next().unwrap_or_default().to_owned();
            let place = self.place(span.start..span.end.max(span.start));
            self.findings.add(Finding::error("syntax", place, message));
        }
        self.table(root.get_ref())
    }

    fn place(&self, span: std::ops::Range<usize>) -> Place {
        Place { file: self.file, start: span.start, end: span.end }
    }

    fn table(&mut self, table: &DeTable<'_>) -> Table {
        let mut entries: Vec<Entry> = Vec::new();
        for (key, value) in table {
            let node = self.node(value);
            let name = key.get_ref().to_string();
            if is_secretive(&name)
                && matches!(node.value, Value::Text(_) | Value::Broken)
                && !self.is_variable(node.place)
            {
                self.findings.hide(node.place);
            }
            entries.push(Entry { key: name, place: self.place(key.span()), node });
        }
        entries.sort_by_key(|entry| entry.place);
        Table { entries }
    }

    fn node(&mut self, value: &Spanned<DeValue<'_>>) -> Node {
        let place = self.place(value.span());
        let value = match value.get_ref() {
            DeValue::String(text) => match variables::replace(text, self.environment) {
                Ok(text) => Value::Text(text),
                Err(mistakes) => {
                    for mistake in mistakes {
                        let place = self.within(place, &mistake.fragment);
                        self.findings.add(
                            Finding::error("variable", place, mistake.message)
                                .maybe_help(mistake.help),
                        );
                    }
                    Value::Broken
                }
            },
            DeValue::Integer(number) => self.integer(number, place),
            DeValue::Float(number) => match number.as_str().replace('_', "").parse::<f64>() {
                Ok(number) if number.is_finite() => Value::Float(number),
                _ => self.broken("number", place, "a number must be finite"),
            },
            DeValue::Boolean(truth) => Value::Boolean(*truth),
            DeValue::Datetime(time) => Value::Datetime(time.to_string()),
            DeValue::Array(items) => {
                Value::Array(items.iter().map(|item| self.node(item)).collect())
            }
            DeValue::Table(table) => Value::Table(self.table(table)),
        };
        Node { place, value }
    }

    fn integer(&mut self, number: &DeInteger<'_>, place: Place) -> Value {
        match i128::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) if i64::try_from(number).is_ok() || u64::try_from(number).is_ok() => {
                Value::Integer(number)
            }
            _ => self.broken("number", place, "a whole number must fit into 64 bits"),
        }
    }

    fn broken(&mut self, code: &'static str, place: Place, message: &str) -> Value {
        self.findings.add(Finding::error(code, place, message));
        Value::Broken
    }

    /// Whether a text is nothing but a variable, which may be shown.
    fn is_variable(&self, place: Place) -> bool {
        let text = self.findings.files.get(place.file).map_or("", |file| &file.text);
        let raw = text.get(place.start..place.end).unwrap_or_default();
        let inside = raw.trim_matches(['"', '\'']);
        inside
            .strip_prefix("${")
            .and_then(|rest| rest.strip_suffix('}'))
            .is_some_and(|name| !name.contains(['}', ':']))
    }

    /// The place of a fragment of a text, if it stands there as it is.
    fn within(&self, place: Place, fragment: &str) -> Place {
        let text = self.findings.files.get(place.file).map_or("", |file| &file.text);
        let raw = text.get(place.start..place.end).unwrap_or_default();
        match raw.find(fragment) {
            Some(at) if !fragment.is_empty() => {
                let start = place.start + at;
                Place { start, end: start + fragment.len(), ..place }
            }
            _ => place,
        }
    }
}

//! A configuration file to begin with.

use std::fmt::Write;

use crate::config::{GatewaySettings, PipelineSettings};
use crate::registry::Entry;
use crate::schema::{Document, Row, rows};

/// A configuration with one pipeline: what is required is set, everything else is in comments.
pub(crate) fn starting_file(source: &Entry, sink: &Entry) -> String {
    let mut text = format!(
        "# From `{}` to `{}`. What is commented out has the default that is shown.\n\
         # `forebay check` finds what is wrong with this file.\n",
        source.name(),
        sink.name()
    );
    section(&mut text, "gateway", None, &rows(&Document::of::<GatewaySettings>()), &[]);
    section(&mut text, "sources.input", Some(source), &rows(source.table()), &[]);
    section(&mut text, "sinks.output", Some(sink), &rows(sink.table()), &[]);
    let ends = [("from", "[\"input\"]"), ("to", "[\"output\"]")];
    section(&mut text, "pipelines.main", None, &rows(&Document::of::<PipelineSettings>()), &ends);
    text
}

fn section(
    text: &mut String,
    name: &str,
    entry: Option<&Entry>,
    rows: &[Row],
    given: &[(&str, &str)],
) {
    text.push('\n');
    if let Some(entry) = entry {
        comment(text, &entry.summary());
    }
    // Writing to a text cannot fail.
    let _ = writeln!(text, "[{name}]");
    if let Some(entry) = entry {
        let _ = writeln!(text, "type = \"{}\"", entry.name());
    }
    let mut chosen: Vec<String> = Vec::new();
    for row in rows {
        let inner = format!("{}.", row.key);
        if rows.iter().any(|other| other.key.starts_with(&inner)) {
            // A table is written key by key.
            continue;
        }
        let apart = row.with.as_ref().is_some_and(|with| !chosen.contains(with));
        let value = match given.iter().find(|(key, _)| *key == row.key) {
            Some((_, value)) => (*value).to_owned(),
            None => example(row),
        };
        let set = is_set(row, rows) && !apart;
        if set {
            chosen.push(format!("{} = {value}", row.key));
        }
        match &row.with {
            Some(with) if apart => comment(text, &format!("{} (with {with})", row.summary())),
            _ => comment(text, &row.summary()),
        }
        let _ = writeln!(text, "{}{} = {value}", if set { "" } else { "# " }, row.key);
    }
}

/// Whether the file sets it: it is required, and so are the tables in which it stands. An example
/// of an option that is not required and has no default says that it is one of several that will
/// do, and the one to begin with.
fn is_set(row: &Row, rows: &[Row]) -> bool {
    let mut key = row.key.as_str();
    let mut required = row.required || row.default.is_none() && row.example.is_some();
    while let Some((outer, _)) = key.rsplit_once('.') {
        required &= rows.iter().any(|row| row.key == outer && row.required);
        key = outer;
    }
    required
}

/// A value to show: the default, the type's own example, or something of the right kind.
fn example(row: &Row) -> String {
    if let Some(value) = row.default.as_ref().or(row.example.as_ref()) {
        return value.clone();
    }
    let first = row.takes.split(" or ").next().unwrap_or_default();
    match first {
        "duration" => "\"1s\"",
        "size" => "\"1MiB\"",
        "whole number" => "1",
        "number" => "1.0",
        "true" => "false",
        "secret" => "\"change-me\"",
        word if word.starts_with('"') => word,
        list if list.starts_with("list of text") => "[\"change-me\"]",
        list if list.starts_with("list") => "[]",
        table if table.starts_with("table") || table.starts_with('{') => "{}",
        _ => "\"change-me\"",
    }
    .to_owned()
}

fn comment(text: &mut String, what: &str) {
    const WIDTH: usize = 96;
    if what.is_empty() {
        return;
    }
    let mut line = String::from("#");
    for word in what.split_whitespace() {
        if line.len() + 1 + word.len() > WIDTH {
            let _ = writeln!(text, "{line}");
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(text, "{line}");
}

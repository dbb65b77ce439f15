//! What the pages share: words, numbers and colours.

use ratatui::layout::Constraint;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Cell, Row, Table};
use serde_json::Value;

use crate::cli::words::shortened;
use crate::run::live::grouped;

/// The longest text that is shown on a line.
const MAX_TEXT: usize = 400;

/// A text of others: without what could move the cursor.
pub(super) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| "-".to_owned(), |text| shortened(text, MAX_TEXT))
}

/// A whole number with its digits in groups; `-` if there is none.
pub(super) fn number(value: &Value) -> String {
    let number = value.as_f64().filter(|number| number.is_finite() && *number >= 0.0);
    number.map_or_else(|| "-".to_owned(), |number| grouped(number.round() as u64))
}

/// A limit of so many records per second, in words.
pub(super) fn limit(rate: &Value) -> String {
    if rate.is_null() { "none".to_owned() } else { number(rate) }
}

/// Milliseconds for people.
pub(super) fn time(value: &Value) -> String {
    match value.as_f64() {
        None => "-".to_owned(),
        Some(ms) if ms < 1.0 => format!("{ms:.2} ms"),
        Some(ms) if ms < 10_000.0 => format!("{ms:.0} ms"),
        Some(ms) if ms < 120_000.0 => format!("{:.1} s", ms / 1e3),
        Some(ms) if ms < 7_200_000.0 => format!("{:.0} min", ms / 60e3),
        Some(ms) => format!("{:.1} h", ms / 3_600e3),
    }
}

/// The state of a pipeline in words: what it waits for, too.
pub(super) fn state(pipeline: &Value) -> String {
    match pipeline["state"].as_str() {
        Some("waiting") => format!("waiting for {}", text(&pipeline["component"])),
        Some(state) => state.to_owned(),
        None => "-".to_owned(),
    }
}

/// The colour of a state.
pub(super) fn style(pipeline: &Value) -> Style {
    match pipeline["state"].as_str() {
        Some("running") => Style::new().fg(Color::Green),
        Some("waiting" | "starting") => Style::new().fg(Color::Yellow),
        Some("failed") => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
        _ => Style::new().add_modifier(Modifier::DIM),
    }
}

/// A column of a table.
#[derive(Clone, Copy)]
pub(super) struct Column {
    title: &'static str,
    width: Constraint,
    /// Whether it holds numbers or times, which stand on the right.
    is_number: bool,
    /// The narrowest table that has it, in characters.
    from: u16,
}

impl Column {
    /// A column of words, at least so wide.
    pub(super) const fn words(title: &'static str, least: u16) -> Self {
        Self { title, width: Constraint::Min(least), is_number: false, from: 0 }
    }

    /// A column of numbers, so wide: one that is cut would be another number.
    pub(super) const fn number(title: &'static str, width: u16) -> Self {
        Self { title, width: Constraint::Length(width), is_number: true, from: 0 }
    }

    /// A column that only wide tables have.
    pub(super) const fn from(self, width: u16) -> Self {
        Self { from: width, ..self }
    }
}

/// A table of so many characters: it has the columns that there is room for. A row has a cell for
/// each of all columns.
pub(super) fn table<const COUNT: usize>(
    columns: &[Column; COUNT],
    width: u16,
    rows: impl Iterator<Item = [Cell<'static>; COUNT]>,
) -> Table<'static> {
    let shown = |cells: [Cell<'static>; COUNT]| {
        let cells = cells.into_iter().zip(columns);
        Row::new(cells.filter(|(_, column)| column.from <= width).map(|(cell, _)| cell))
    };
    let head = columns.map(|column| cell(column.title.to_owned(), column.is_number));
    let widths = columns.iter().filter(|column| column.from <= width).map(|column| column.width);
    Table::new(rows.map(shown), widths).header(shown(head).style(bold()))
}

/// The cells of a row, of their texts.
pub(super) fn cells<const COUNT: usize>(
    columns: &[Column; COUNT],
    texts: [String; COUNT],
) -> [Cell<'static>; COUNT] {
    let mut numbers = columns.iter().map(|column| column.is_number);
    texts.map(|text| cell(text, numbers.next().unwrap_or_default()))
}

fn cell(text: String, is_number: bool) -> Cell<'static> {
    match is_number {
        true => Cell::from(Text::from(text).right_aligned()),
        false => Cell::from(text),
    }
}

/// What stands out: a name, the head of a table.
pub(super) fn bold() -> Style {
    Style::new().add_modifier(Modifier::BOLD)
}

/// Keys and what they do.
pub(super) fn keys(keys: &[(&'static str, &'static str)]) -> Line<'static> {
    let mut spans = Vec::new();
    for (key, does) in keys {
        spans.push(Span::styled(*key, Style::new().add_modifier(Modifier::REVERSED)));
        spans.push(Span::raw(format!(" {does}   ")));
    }
    Line::from(spans)
}

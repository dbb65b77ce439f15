//! What the pages share: words, numbers and colours.

use std::ops::RangeInclusive;

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::Cell;
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

/// The cells of a row of a table. Numbers and times, the columns `numbers`, stand on the right.
pub(super) fn row(
    cells: impl IntoIterator<Item = String>,
    numbers: RangeInclusive<usize>,
) -> Vec<Cell<'static>> {
    let cell = |(index, cell): (usize, String)| match numbers.contains(&index) {
        true => Cell::from(Text::from(cell).right_aligned()),
        false => Cell::from(cell),
    };
    cells.into_iter().enumerate().map(cell).collect()
}

/// A head of a table.
pub(super) fn head() -> Style {
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

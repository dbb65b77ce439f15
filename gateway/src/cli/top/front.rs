//! All pipelines.

use std::ops::RangeInclusive;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Row, Table, TableState, Wrap};
use serde_json::Value;

use super::parts::{self, head, keys, number, state, style, text, time};
use super::state::State;

/// The columns that hold numbers.
const NUMBERS: RangeInclusive<usize> = 3..=9;

/// Draws what there is to see.
pub(super) fn draw(frame: &mut Frame<'_>, shown: &State) {
    let [top, middle, bottom] =
        Layout::vertical([Constraint::Length(1), Constraint::Min(3), Constraint::Length(1)])
            .areas(frame.area());
    frame.render_widget(title(shown), top);
    match &shown.opened {
        None => {
            pipelines(frame, shown, middle);
            let all = [
                ("up/down", "choose"),
                ("Enter", "open"),
                ("p", "pause or resume"),
                ("q", "leave"),
            ];
            frame.render_widget(keys(&all), bottom);
        }
        Some(opened) => {
            super::pipeline::draw(frame, shown, opened, middle);
            let all =
                [("up/down", "move"), ("Esc", "back"), ("p", "pause or resume"), ("q", "leave")];
            frame.render_widget(keys(&all), bottom);
        }
    }
}

fn title(shown: &State) -> Line<'static> {
    let (words, style) = match (&shown.lost, &shown.note) {
        (Some(why), _) => (format!("   {why}"), Style::new().fg(Color::Red)),
        (None, Some(note)) => (format!("   {note}"), Style::new().fg(Color::Yellow)),
        (None, None) => (String::new(), Style::new()),
    };
    let title = format!("forebay top   http://{}", shown.address);
    Line::from(vec![
        ratatui::text::Span::styled(title, Style::new().add_modifier(Modifier::BOLD)),
        ratatui::text::Span::styled(words, style),
    ])
}

fn pipelines(frame: &mut Frame<'_>, shown: &State, area: Rect) {
    let [list, about] = Layout::vertical([Constraint::Min(3), Constraint::Length(4)]).areas(area);
    let titles = [
        "PIPELINE", "STATE", "SET BY", "IN/S", "OUT/S", "LIMIT/S", "BATCH", "DELAY", "BACKLOG",
        "DEAD",
    ];
    let widths = [
        Constraint::Min(8),
        Constraint::Min(8),
        Constraint::Length(11),
        Constraint::Length(9),
        Constraint::Length(9),
        Constraint::Length(9),
        Constraint::Length(8),
        Constraint::Length(8),
        Constraint::Length(11),
        Constraint::Length(7),
    ];
    let table = Table::new(shown.pipelines.iter().map(row), widths)
        .header(Row::new(parts::row(titles.map(str::to_owned), NUMBERS)).style(head()))
        .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED));
    let mut chosen = TableState::default().with_selected(Some(shown.selected));
    frame.render_stateful_widget(table, list, &mut chosen);
    if let Some(current) = shown.current() {
        frame.render_widget(words(current), about);
    }
}

fn row(pipeline: &Value) -> Row<'static> {
    let last = &pipeline["last"];
    let limit = if last["rate"].is_null() { "none".to_owned() } else { number(&last["rate"]) };
    let cells = [
        text(&pipeline["name"]),
        state(pipeline),
        text(&pipeline["why"]["set_by"]).replace('_', " "),
        number(&pipeline["records_per_second"]),
        number(&pipeline["rows_per_second"]),
        limit,
        time(&last["processing_ms"]),
        time(&last["scheduling_delay_ms"]),
        number(&pipeline["backlog"]),
        number(&pipeline["dead_letters"]),
    ];
    let mut cells = parts::row(cells, NUMBERS);
    cells[1] = cells[1].clone().style(style(pipeline));
    Row::new(cells)
}

/// Why its rate is what it is, and what last went wrong.
pub(super) fn words(pipeline: &Value) -> Paragraph<'static> {
    let mut lines = vec![Line::from(text(&pipeline["why"]["sentence"]))];
    let error = &pipeline["last_error"];
    if error.is_object() {
        let error =
            format!("last error: {}: {}", text(&error["component"]), text(&error["reason"]));
        lines.push(Line::styled(error, Style::new().add_modifier(Modifier::DIM)));
    }
    Paragraph::new(lines).wrap(Wrap { trim: true })
}

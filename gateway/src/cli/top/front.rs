//! All pipelines.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Cell, Paragraph, TableState, Wrap};
use serde_json::Value;

use super::parts::{Column, bold, cells, keys, limit, number, state, style, table, text, time};
use super::state::State;

/// What is told of each pipeline. On 80 characters there is room for what changes most.
const COLUMNS: [Column; 10] = [
    Column::words("PIPELINE", 10),
    Column::words("STATE", 10),
    Column::words("SET BY", 11).from(WIDE),
    Column::number("IN/S", 9),
    Column::number("OUT/S", 9).from(WIDE),
    Column::number("LIMIT/S", 9),
    Column::number("BATCH", 8),
    Column::number("DELAY", 8).from(WIDE),
    Column::number("BACKLOG", 11),
    Column::number("DEAD", 7),
];

/// The least width of a table with all columns.
pub(super) const WIDE: u16 = 104;

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
        ratatui::text::Span::styled(title, bold()),
        ratatui::text::Span::styled(words, style),
    ])
}

fn pipelines(frame: &mut Frame<'_>, shown: &State, area: Rect) {
    let [list, about] = Layout::vertical([Constraint::Min(3), Constraint::Length(4)]).areas(area);
    let rows = shown.pipelines.iter().map(row);
    let table = table(&COLUMNS, list.width, rows)
        .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED));
    let mut chosen = TableState::default().with_selected(Some(shown.selected));
    frame.render_stateful_widget(table, list, &mut chosen);
    if let Some(current) = shown.current() {
        frame.render_widget(words(current), about);
    }
}

fn row(pipeline: &Value) -> [Cell<'static>; COLUMNS.len()] {
    let last = &pipeline["last"];
    let texts = [
        text(&pipeline["name"]),
        state(pipeline),
        text(&pipeline["why"]["set_by"]).replace('_', " "),
        number(&pipeline["records_per_second"]),
        number(&pipeline["rows_per_second"]),
        limit(&last["rate"]),
        time(&last["processing_ms"]),
        time(&last["scheduling_delay_ms"]),
        number(&pipeline["backlog"]),
        number(&pipeline["dead_letters"]),
    ];
    let mut cells = cells(&COLUMNS, texts);
    cells[1] = cells[1].clone().style(style(pipeline));
    cells
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

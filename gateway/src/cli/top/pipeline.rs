//! One pipeline.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Gauge, Paragraph};
use serde_json::Value;

use super::front::{WIDE, words};
use super::parts::{Column, bold, cells, limit, number, state, style, table, text, time};
use super::state::{Opened, State};

/// What is told of each split. On 80 characters there is room for what changes most.
const COLUMNS: [Column; 9] = [
    Column::words("SOURCE", 8),
    Column::words("SPLIT", 10),
    Column::number("UNTIL", 12),
    Column::number("END", 12).from(WIDE),
    Column::number("LAG", 11),
    Column::number("OLDEST", 8),
    Column::number("TOOK", 8),
    Column::number("GRANTED", 8),
    Column::words("LIMITED BY", 11).from(WIDE),
];

/// Draws the pipeline that is open.
pub(super) fn draw(frame: &mut Frame<'_>, shown: &State, opened: &Opened, area: Rect) {
    let Some(pipeline) = shown.current() else {
        let gone = format!("the gateway has no pipeline {}", opened.name);
        return frame.render_widget(Paragraph::new(gone), area);
    };
    let [about, why, used, list] = Layout::vertical([
        Constraint::Length(6),
        Constraint::Length(3),
        Constraint::Length(1),
        Constraint::Min(3),
    ])
    .areas(area);
    frame.render_widget(Paragraph::new(facts(pipeline)), about);
    frame.render_widget(words(pipeline), why);
    utilisation(frame, pipeline, used);
    splits(frame, opened, list);
}

fn facts(pipeline: &Value) -> Vec<Line<'static>> {
    let last = &pipeline["last"];
    let set = match pipeline["max_rate"].as_f64() {
        Some(_) => format!(", max_rate {}", number(&pipeline["max_rate"])),
        None => String::new(),
    };
    let drains = pipeline["drains_in_seconds"].as_f64().filter(|seconds| *seconds > 0.0);
    let drains = drains
        .map_or_else(String::new, |seconds| format!(", gone in {}", time(&(seconds * 1e3).into())));
    vec![
        Line::from(vec![
            Span::styled(text(&pipeline["name"]), bold()),
            Span::raw("  "),
            Span::styled(state(pipeline), style(pipeline)),
        ]),
        Line::from(format!(
            "in {}/s   out {}/s   limit {}{set}",
            number(&pipeline["records_per_second"]),
            number(&pipeline["rows_per_second"]),
            limit(&last["rate"]),
        )),
        Line::from(format!(
            "batch {} of {}   delay {}   retries {}",
            time(&last["processing_ms"]),
            time(&pipeline["interval_ms"]),
            time(&last["scheduling_delay_ms"]),
            number(&pipeline["retries"]),
        )),
        Line::from(format!(
            "backlog {}{drains}   dead letters {}",
            number(&pipeline["backlog"]),
            number(&pipeline["dead_letters"]),
        )),
        Line::from(format!("under way: {}", under_way(pipeline))),
        Line::from(format!("sinks hold: {}", in_flight(pipeline))),
    ]
}

fn under_way(pipeline: &Value) -> String {
    let batches = pipeline["under_way"].as_array().map(Vec::as_slice).unwrap_or_default();
    let told = batches.iter().map(|batch| {
        format!(
            "batch {} ({}, {} records)",
            batch["batch"],
            text(&batch["stage"]),
            number(&batch["records"])
        )
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() { "nothing".to_owned() } else { told.join(", ") }
}

fn in_flight(pipeline: &Value) -> String {
    let Some(sinks) = pipeline["in_flight"].as_object() else { return "-".to_owned() };
    let told = sinks.iter().map(|(sink, rows)| format!("{sink} {} rows", number(rows)));
    told.collect::<Vec<_>>().join(", ")
}

/// The part of the interval that batches take, and the part that the controller aims at.
fn utilisation(frame: &mut Frame<'_>, pipeline: &Value, area: Rect) {
    let Some(used) = pipeline["why"]["utilisation"].as_f64() else { return };
    let aim = pipeline["why"]["target"].as_f64();
    let label = match aim {
        Some(aim) => format!("{:.0} % of the interval, the aim is {:.0} %", used * 1e2, aim * 1e2),
        None => format!("{:.0} % of the interval", used * 1e2),
    };
    let colour = if used > 1.0 { Color::Red } else { Color::Green };
    let gauge = Gauge::default()
        .gauge_style(Style::new().fg(colour))
        .ratio(used.clamp(0.0, 1.0))
        .label(label);
    frame.render_widget(gauge, area);
}

fn splits(frame: &mut Frame<'_>, opened: &Opened, area: Rect) {
    let all = opened.splits["splits"].as_array().map(Vec::as_slice).unwrap_or_default();
    let rows = all.iter().skip(opened.offset).map(|split| {
        let texts = [
            text(&split["source"]),
            text(&split["split"]),
            position(&split["until"]),
            position(&split["end"]),
            number(&split["lag"]),
            time(&split["oldest_ms"]),
            number(&split["records"]),
            number(&split["granted"]),
            text(&split["limited_by"]).replace('_', " "),
        ];
        cells(&COLUMNS, texts)
    });
    frame.render_widget(table(&COLUMNS, area.width, rows), area);
}

/// Positions are numbers or text.
fn position(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(_) => text(value),
        other => other.to_string(),
    }
}

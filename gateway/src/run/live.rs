//! What a person at a terminal sees of the pipelines: one line each.

use std::sync::Arc;

use forebay_core::progress::{LimitedBy, PipelineState};

use super::board::Board;
use super::view::PipelineView;

/// One line per pipeline, cut to the width of the terminal.
#[must_use]
pub fn lines(board: &Board, now_ms: u64, width: usize) -> Vec<String> {
    board.look(|pipelines| {
        let name_width = pipelines.keys().map(|name| name.chars().count()).max().unwrap_or(0);
        pipelines
            .iter()
            .map(|(name, view)| {
                line(name, name_width, view, now_ms).chars().take(width.max(20)).collect()
            })
            .collect()
    })
}

fn line(name: &Arc<str>, name_width: usize, view: &PipelineView, now_ms: u64) -> String {
    let state = match &view.state {
        PipelineState::Starting => "starting".to_owned(),
        PipelineState::Running => "running ".to_owned(),
        PipelineState::Paused => "paused  ".to_owned(),
        PipelineState::Draining => "draining".to_owned(),
        PipelineState::Stopped => "stopped ".to_owned(),
        PipelineState::Waiting { component, reason } => {
            return format!("{name:name_width$}  waiting   for {component}: {reason}");
        }
        PipelineState::Failed { reason } => {
            return format!("{name:name_width$}  failed    {reason}");
        }
    };
    let rate = grouped(view.records_per_second(now_ms).round() as u64);
    let Some(last) = view.last() else {
        return format!("{name:name_width$}  {state}  {rate:>9} records/s");
    };
    let backlog = view.backlog().map_or_else(|| "?".to_owned(), grouped);
    let mut line = format!(
        "{name:name_width$}  {state}  {rate:>9} records/s  limit {limit}  batch {batch:.0} ms  delay {delay:.0} ms  backlog {backlog}  total {total}",
        limit = limit(last.rate, last.limited_by),
        batch = last.processing_ms,
        delay = last.scheduling_delay_ms,
        total = grouped(view.records),
    );
    if view.dead_letters > 0 {
        line.push_str(&format!("  dead letters {}", grouped(view.dead_letters)));
    }
    line
}

/// The rate in force, and what keeps batches from being larger.
fn limit(rate: Option<f64>, by: LimitedBy) -> String {
    let why = match by {
        LimitedBy::Available => {
            return rate.map_or_else(|| "none".to_owned(), |_| "not reached".to_owned());
        }
        LimitedBy::Configured => "configured",
        LimitedBy::Controller => "controller",
        LimitedBy::BatchSize => "batch size",
        LimitedBy::Memory => "memory",
    };
    match (by, rate) {
        (LimitedBy::Controller, Some(rate)) => {
            format!("{}/s ({why})", grouped(rate.round() as u64))
        }
        _ => why.to_owned(),
    }
}

/// A number with its digits in groups of three: `1 234 567`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use forebay_core::progress::{Event, Listener, Progress};

    #[test]
    fn digits_in_groups_of_three() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1 000"), (1_234_567, "1 234 567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn a_line_says_the_rate_the_limit_and_why_and_a_waiting_one_for_what() {
        let board = Board::default();
        let pipeline: Arc<str> = "orders".into();
        let progress = Progress {
            pipeline: pipeline.clone(),
            batch: 1,
            time_ms: 1_000,
            records: 2_000,
            processing_ms: 12.3,
            rate: Some(4_000.0),
            limited_by: LimitedBy::Controller,
            ..Progress::default()
        };
        board.on_event(&Event::Progress(Arc::new(progress)));
        board.on_event(&Event::State { pipeline: pipeline.clone(), state: PipelineState::Running });
        let line = lines(&board, 1_500, 200).remove(0);
        assert!(line.contains("limit 4 000/s (controller)  batch 12 ms"), "{line}");

        let state =
            PipelineState::Waiting { component: "files".into(), reason: "disk full".into() };
        board.on_event(&Event::State { pipeline, state });
        assert_eq!(lines(&board, 1_500, 200), ["orders  waiting   for files: disk full"]);
        assert_eq!(lines(&board, 1_500, 25), ["orders  waiting   for fil"]);
    }
}

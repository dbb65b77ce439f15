//! What is shown, and what keys do.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::Value;

/// What is shown.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The admin address.
    pub(super) address: String,
    /// As `/api/pipelines` tells them.
    pub(super) pipelines: Vec<Value>,
    /// The one that the keys are about.
    pub(super) selected: usize,
    /// The one that is open, and its splits as the API tells them.
    pub(super) opened: Option<Opened>,
    /// Why nothing is heard of the gateway.
    pub(super) lost: Option<String>,
    /// What became of the last wish.
    pub(super) note: Option<String>,
}

/// A pipeline that is open.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) name: String,
    pub(super) splits: Value,
    /// The first split that is shown.
    pub(super) offset: usize,
}

/// What a person wants that is not for the screen alone.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Leave.
    Quit,
    /// Ask the gateway again at once.
    Look,
    /// Pause a pipeline, or let it go on.
    Pause { pipeline: String, pause: bool },
}

impl State {
    pub(super) fn new(address: &str) -> Self {
        Self { address: address.to_owned(), ..Self::default() }
    }

    /// What the gateway says of all pipelines.
    pub(super) fn hear(&mut self, told: &Value) {
        self.pipelines = told["pipelines"].as_array().cloned().unwrap_or_default();
        self.selected = self.selected.min(self.pipelines.len().saturating_sub(1));
        self.lost = None;
    }

    /// What the gateway says of the splits of the pipeline that is open.
    pub(super) fn hear_splits(&mut self, pipeline: &str, told: Value) {
        if let Some(opened) = self.opened.as_mut().filter(|opened| opened.name == pipeline) {
            opened.offset = opened.offset.min(count(&told).saturating_sub(1));
            opened.splits = told;
        }
    }

    /// The pipeline that the keys are about.
    pub(super) fn current(&self) -> Option<&Value> {
        match &self.opened {
            Some(opened) => self.pipelines.iter().find(|it| it["name"] == *opened.name),
            None => self.pipelines.get(self.selected),
        }
    }

    /// What a key does.
    pub(super) fn press(&mut self, key: KeyEvent) -> Option<Wish> {
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('q') => return Some(Wish::Quit),
            KeyCode::Char('c') if is_control => return Some(Wish::Quit),
            KeyCode::Up | KeyCode::Char('k') => self.go(-1),
            KeyCode::Down | KeyCode::Char('j') => self.go(1),
            KeyCode::PageUp => self.go(-20),
            KeyCode::PageDown => self.go(20),
            KeyCode::Enter | KeyCode::Right if self.opened.is_none() => {
                let name = self.current()?["name"].as_str()?.to_owned();
                self.opened = Some(Opened { name, splits: Value::Null, offset: 0 });
                return Some(Wish::Look);
            }
            KeyCode::Esc | KeyCode::Backspace | KeyCode::Left => self.opened = None,
            KeyCode::Char('p' | ' ') => {
                let current = self.current()?;
                let pipeline = current["name"].as_str()?.to_owned();
                return Some(Wish::Pause { pipeline, pause: current["paused"] != true });
            }
            _ => {}
        }
        None
    }

    fn go(&mut self, by: isize) {
        let (at, last) = match &mut self.opened {
            Some(opened) => (&mut opened.offset, count(&opened.splits)),
            None => (&mut self.selected, self.pipelines.len()),
        };
        *at = at.saturating_add_signed(by).min(last.saturating_sub(1));
    }
}

fn count(splits: &Value) -> usize {
    splits["splits"].as_array().map_or(0, Vec::len)
}

//! Where a letter came from at first.

use serde::{Deserialize, Serialize};

use super::letter::Letter;

/// Where a letter came from at first. It travels as the position of the record, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Origin {
    pub(super) split: Option<String>,
    pub(super) position: Option<String>,
    pub(super) attempts: u32,
    #[serde(default)]
    pub(super) columns: Option<String>,
}

impl Origin {
    pub(super) fn of(letter: &Letter) -> Self {
        Self {
            split: letter.split.clone(),
            position: letter.position.clone(),
            attempts: letter.attempts,
            columns: letter.columns.clone(),
        }
    }

    pub(super) fn to_text(&self) -> String {
        // Texts and a number are always JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(super) fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

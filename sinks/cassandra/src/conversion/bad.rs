//! A value that has no place in its column.

use std::fmt::Display;

use thiserror::Error;

/// How many characters of a value an error shows.
const SHOWN: usize = 64;

/// A value that its type admits, but its column does not.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Bad(String);

impl Bad {
    /// A value, and what is wrong with it.
    pub fn new(value: impl Display, what: &str) -> Self {
        let value = value.to_string();
        match value.char_indices().nth(SHOWN) {
            Some((end, _)) => Self(format!("`{}...` {what}", &value[..end])),
            None => Self(format!("`{value}` {what}")),
        }
    }

    /// What is wrong, where showing the value would not help.
    #[must_use]
    pub fn plain(what: &str) -> Self {
        Self(what.to_owned())
    }
}

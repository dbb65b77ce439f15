//! The kinds of components.

use std::fmt;

use serde::Serialize;

/// The kinds of components.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An input that can be read again from a position.
    Source,
    /// An input that pushes; it stands behind a journal.
    Receiver,
    /// A destination.
    Sink,
}

impl Kind {
    /// The section of the configuration file in which it stands.
    #[must_use]
    pub fn section(self) -> &'static str {
        match self {
            Self::Source | Self::Receiver => "sources",
            Self::Sink => "sinks",
        }
    }

    /// The folder in which its crate lies.
    #[must_use]
    pub fn folder(self) -> &'static str {
        match self {
            Self::Source | Self::Receiver => "connectors",
            Self::Sink => "sinks",
        }
    }

    /// Whether it is an input.
    #[must_use]
    pub fn is_input(self) -> bool {
        self != Self::Sink
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Source => "source",
            Self::Receiver => "receiver",
            Self::Sink => "sink",
        })
    }
}

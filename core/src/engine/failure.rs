//! Why an attempt could not go on.

use crate::checkpoint::CheckpointError;
use crate::sink::SinkError;
use crate::source::SourceError;

/// Why an attempt could not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Start again from the checkpoint, after a pause.
    Reset {
        /// Which component.
        component: String,
        /// Why.
        reason: String,
    },
    /// A person has to change something first.
    Fatal {
        /// Which component.
        component: String,
        /// Why.
        reason: String,
    },
    /// The attempt was told to give up.
    Cancelled,
}

impl Failure {
    pub(super) fn reset(component: &str, reason: impl ToString) -> Self {
        Self::Reset { component: component.to_owned(), reason: reason.to_string() }
    }

    pub(super) fn fatal(component: &str, reason: impl ToString) -> Self {
        Self::Fatal { component: component.to_owned(), reason: reason.to_string() }
    }

    /// What a sink's error means where it cannot simply be tried again.
    pub(super) fn of_sink(component: &str, error: &SinkError) -> Self {
        match error {
            SinkError::Fatal(reason) => Self::fatal(component, reason),
            SinkError::Disconnected(reason)
            | SinkError::Transient(reason)
            | SinkError::Reset(reason) => Self::reset(component, reason),
        }
    }

    /// What a source's error means where it cannot simply be tried again.
    pub(super) fn of_source(component: &str, error: &SourceError) -> Self {
        match error {
            SourceError::Fatal(reason) | SourceError::Lost(reason) => {
                Self::fatal(component, reason)
            }
            SourceError::Disconnected(reason) | SourceError::Transient(reason) => {
                Self::reset(component, reason)
            }
        }
    }

    /// What a checkpoint's error means where it cannot simply be tried again.
    pub(super) fn of_checkpoint(error: &CheckpointError) -> Self {
        match error {
            CheckpointError::Io(reason) => Self::reset("checkpoint", reason),
            CheckpointError::Taken(reason) | CheckpointError::Unreadable(reason) => {
                Self::fatal("checkpoint", reason)
            }
        }
    }
}

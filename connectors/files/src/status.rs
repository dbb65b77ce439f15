//! How a file stands, as the engine sees it.

use forebay_core::split::{SplitPhase, SplitStatus};
use forebay_core::{Position, SplitId};

use crate::catalog::{Entry, State};
use crate::reader::Manner;

/// How a split stands that is read next `at` a position; `waits` says that others come first,
/// `backlog` about how many records it has from there on. None if it is none any more.
pub(crate) fn status(
    manner: &Manner,
    split: &SplitId,
    entry: &Entry,
    at: u64,
    waits: bool,
    backlog: Option<u64>,
    now_ms: u64,
) -> Option<SplitStatus> {
    let (end, phase) = match entry.state {
        State::Ready => {
            let end = manner.is_plain(&entry.path).then_some(entry.stamp.size.max(at));
            (end, if waits { SplitPhase::Waiting } else { SplitPhase::Ended })
        }
        State::Busy | State::Unreadable if entry.position.is_none() => return None,
        State::Busy | State::Unreadable => (Some(at), SplitPhase::Active),
        State::Ended(end) | State::Cut(end) => (Some(end.max(at)), SplitPhase::Ended),
    };
    let drained = end == Some(at);
    let modified = u64::try_from(entry.stamp.modified / 1_000_000).unwrap_or(0);
    Some(SplitStatus {
        split: split.clone(),
        generation: 0,
        start: Position::from(0),
        end: end.map(Position::from),
        backlog: if drained { Some(0) } else { backlog },
        oldest_ms: (!drained).then(|| now_ms.saturating_sub(modified)),
        phase,
    })
}

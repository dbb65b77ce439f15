//! Events that are larger than they may be.

use arrow::array::BinaryArray;
use forebay_core::component::Problem;
use forebay_core::dead_letter::Reason;
use forebay_core::units::ByteSize;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The largest that an event may be allowed to be: what a journal takes in one piece.
pub(crate) const MAX_EVENT: ByteSize = ByteSize::mib(16);

/// The smallest limit.
const LEAST_MAX_EVENT: ByteSize = ByteSize(1 << 10);

/// What becomes of an event that is larger than `max_event`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LargeEvents {
    /// It becomes dead letters of class `oversize`, one behind the other, which together hold all of
    /// it as it travelled. The rest of its batch is kept as usual, and its agent hears that all is.
    #[default]
    DeadLetter,
    /// Its batch is refused with an error that says so. The agent keeps it and sends it again
    /// without end: nothing that stands behind it leaves the agent's channel until the limit is
    /// raised, or the event is taken out.
    Refuse,
}

/// The largest event, and what becomes of a larger one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Largest {
    /// In bytes, headers included.
    pub(crate) max: usize,
    pub(crate) then: LargeEvents,
}

impl Largest {
    /// What the options say.
    pub(crate) fn new(max: ByteSize, then: LargeEvents) -> Self {
        Self { max: usize::try_from(max.0).unwrap_or(usize::MAX), then }
    }

    /// What is wrong with the option `max_event`.
    pub(crate) fn check(max: ByteSize) -> Option<Problem> {
        let text = format!("{max} is not between {LEAST_MAX_EVENT} and {MAX_EVENT}");
        (!(LEAST_MAX_EVENT..=MAX_EVENT).contains(&max)).then(|| Problem::at("max_event", text))
    }

    /// The same, within what can be stored in one piece.
    pub(crate) fn within(self, max: usize) -> Self {
        Self { max: self.max.min(max), ..self }
    }

    /// The size of an event that is too large, if there is one.
    pub(crate) fn exceeded(&self, events: &BinaryArray) -> Option<usize> {
        events.iter().flatten().map(<[u8]>::len).find(|bytes| *bytes > self.max)
    }

    /// An event in parts that are not too large, each with what a dead letter says of it.
    pub(crate) fn parts<'a>(&self, event: &'a [u8]) -> impl Iterator<Item = (&'a [u8], Reason)> {
        let (bytes, max) = (event.len(), self.max.max(1));
        let of = bytes.div_ceil(max);
        event.chunks(max).zip(1..).map(move |(part, number)| {
            let text = format!(
                "part {number} of {of} of an event of {bytes} bytes: more than the {max} of `max_event`"
            );
            (part, Reason::new("oversize", text))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_hold_all_of_an_event_and_say_so() {
        let largest = Largest { max: 4, then: LargeEvents::DeadLetter };
        let parts: Vec<_> = largest.parts(b"abcdefghij").collect();
        let bytes: Vec<_> = parts.iter().map(|(part, _)| *part).collect();
        assert_eq!(bytes, [&b"abcd"[..], b"efgh", b"ij"]);
        assert_eq!(parts[2].1.class, "oversize");
        assert!(parts[2].1.text.starts_with("part 3 of 3 of an event of 10 bytes"));
        let events = BinaryArray::from_iter_values([&b"abcd"[..], b"abcde"]);
        assert_eq!(largest.exceeded(&events), Some(5));
        assert_eq!(largest.exceeded(&events.slice(0, 1)), None);
        assert_eq!(largest.within(3).exceeded(&events), Some(4));
    }
}

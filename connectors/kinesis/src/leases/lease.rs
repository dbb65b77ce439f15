//! The lease of one shard.

use forebay_core::SplitId;

use crate::aggregate::HashRange;
use crate::family::Begin;
use crate::place::{Place, Sequence};
use crate::service::Shard;

/// The lease of one shard, as it stands in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) shard: SplitId,
    /// Who holds it.
    pub(crate) owner: Option<String>,
    /// It counts up with everything that its owner does.
    pub(crate) counter: u64,
    pub(crate) mark: Mark,
    pub(crate) parents: Vec<SplitId>,
    pub(crate) hashes: Option<HashRange>,
}

/// How far a shard was read, in the words of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Not at all: it begins with the time that the options say.
    AtTimestamp,
    /// Not at all: it begins with the oldest record.
    TrimHorizon,
    /// Not at all: it begins with what arrives from this time on, in milliseconds since 1970, or
    /// from when somebody begins to read.
    Latest(Option<i64>),
    /// Up to this record, and this one within it if it is an aggregate.
    After(Sequence, u64),
    /// To its end.
    End,
}

const AT_TIMESTAMP: &str = "AT_TIMESTAMP";
const TRIM_HORIZON: &str = "TRIM_HORIZON";
const LATEST: &str = "LATEST";
const SHARD_END: &str = "SHARD_END";

impl Mark {
    /// The two attributes of the table, if they say something.
    pub(crate) fn parse(checkpoint: &str, sub: u64) -> Option<Self> {
        Some(match checkpoint {
            AT_TIMESTAMP => Self::AtTimestamp,
            TRIM_HORIZON => Self::TrimHorizon,
            LATEST => Self::Latest(None),
            SHARD_END => Self::End,
            number => Self::After(number.parse().ok()?, sub),
        })
    }

    /// The two attributes of the table.
    pub(crate) fn attributes(&self) -> (&str, u64) {
        match self {
            Self::AtTimestamp => (AT_TIMESTAMP, 0),
            Self::TrimHorizon => (TRIM_HORIZON, 0),
            Self::Latest(_) => (LATEST, 0),
            Self::After(sequence, sub) => (sequence.as_str(), *sub),
            Self::End => (SHARD_END, 0),
        }
    }

    /// What a shard begins with that nobody has read yet, when the table is empty.
    pub(crate) fn first(begin: &Begin) -> Self {
        match begin {
            Begin::TrimHorizon | Begin::Sequences(_) => Self::TrimHorizon,
            Begin::Latest(since) => Self::Latest(Some(*since)),
            Begin::Timestamp(_) => Self::AtTimestamp,
        }
    }

    /// What is kept of a place where reading goes on; nothing where nothing was read.
    pub(crate) fn of(place: &Place) -> Option<Self> {
        match place {
            Place::After(sequence, sub) => Some(Self::After(sequence.clone(), *sub)),
            Place::End => Some(Self::End),
            Place::TrimHorizon | Place::Timestamp(_) | Place::At(_) => None,
        }
    }

    /// Where reading goes on.
    pub(crate) fn place(&self, begin: &Begin, now_ms: i64) -> Place {
        match (self, begin) {
            (Self::AtTimestamp, Begin::Timestamp(millis)) => Place::Timestamp(*millis),
            (Self::AtTimestamp | Self::TrimHorizon, _) => Place::TrimHorizon,
            (Self::Latest(since), _) => Place::Timestamp(since.unwrap_or(now_ms)),
            (Self::After(sequence, sub), _) => Place::After(sequence.clone(), *sub),
            (Self::End, _) => Place::End,
        }
    }

    /// Whether less was read than another mark says.
    pub(crate) fn is_before(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::After(sequence, sub), Self::After(its, its_sub)) => {
                (sequence, sub) < (its, its_sub)
            }
            _ => self.rank() < other.rank(),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::AtTimestamp => 0,
            Self::TrimHorizon => 1,
            Self::Latest(_) => 2,
            Self::After(..) => 3,
            Self::End => 4,
        }
    }
}

impl Lease {
    /// One that nobody holds yet.
    pub(crate) fn new(shard: &Shard, mark: Mark) -> Self {
        Self {
            shard: shard.id.clone(),
            owner: None,
            counter: 0,
            mark,
            parents: shard.parents.clone(),
            hashes: Some(shard.hashes),
        }
    }

    /// Whether the shard was read to its end.
    pub(crate) fn is_over(&self) -> bool {
        self.mark == Mark::End
    }

    /// Whether it is held by this worker.
    pub(crate) fn is_of(&self, owner: &str) -> bool {
        self.owner.as_deref() == Some(owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_those_of_the_client_library() {
        let told = ["AT_TIMESTAMP", "TRIM_HORIZON", "LATEST", "9", "10", "SHARD_END"];
        let marks: Vec<Mark> = told.iter().map(|it| Mark::parse(it, 0).unwrap()).collect();
        for (mark, told) in marks.iter().zip(told) {
            assert_eq!(mark.attributes(), (told, 0));
        }
        for pair in marks.windows(2) {
            assert!(pair[0].is_before(&pair[1]) && !pair[1].is_before(&pair[0]), "{pair:?}");
        }
        let within = Mark::parse("9", 7).unwrap();
        assert_eq!(within.attributes(), ("9", 7));
        assert!(marks[3].is_before(&within) && within.is_before(&marks[4]));
        assert_eq!(Mark::parse("DROPPED", 0), None);
        assert_eq!(Mark::parse("", 0), None);
    }

    #[test]
    fn marks_say_where_reading_goes_on() {
        let place = |mark: Mark, begin: &Begin| mark.place(begin, 50).to_string();
        let timed = Begin::Timestamp(5);
        assert_eq!(place(Mark::parse("4959", 7).unwrap(), &timed), "4959:7");
        assert_eq!(place(Mark::AtTimestamp, &timed), "0/AT_TIMESTAMP/5");
        assert_eq!(place(Mark::TrimHorizon, &timed), "0/TRIM_HORIZON");
        assert_eq!(place(Mark::first(&Begin::Latest(7)), &timed), "0/AT_TIMESTAMP/7");
        assert_eq!(place(Mark::Latest(None), &timed), "0/AT_TIMESTAMP/50");
        assert_eq!(Mark::of(&Place::Timestamp(3)), None);
    }
}

//! Where reading begins, as a position says it.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use forebay_core::Position;
use forebay_core::source::SourceError;

/// The number of a record in its shard: a decimal number of up to 128 digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Sequence(Arc<str>);

/// Where reading begins.
///
/// As text it sorts as it has to: `0/TRIM_HORIZON` and its like before every number, then
/// `NUMBER:SUB` (behind that record of an aggregate; 0 for a record that is none), then
/// `SHARD_END`. The pair is the one that the Kinesis Client Library keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// With the oldest record that there is.
    TrimHorizon,
    /// With the first record that arrived at this time or later, in milliseconds since 1970.
    Timestamp(i64),
    /// With this record.
    At(Sequence),
    /// Behind this record, and this one within it if it is an aggregate.
    After(Sequence, u64),
    /// Behind the last record that there will ever be.
    End,
}

const TRIM_HORIZON: &str = "0/TRIM_HORIZON";
const AT_TIMESTAMP: &str = "0/AT_TIMESTAMP/";
const AT_SEQUENCE_NUMBER: &str = "0/AT_SEQUENCE_NUMBER/";
const SHARD_END: &str = "SHARD_END";

impl Sequence {
    /// The digits.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Sequence {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_number =
            (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        match is_number {
            true => Ok(Self(text.into())),
            false => Err(format!("`{text}` is no sequence number")),
        }
    }
}

impl Ord for Sequence {
    fn cmp(&self, other: &Self) -> Ordering {
        let (left, right) = (self.0.trim_start_matches('0'), other.0.trim_start_matches('0'));
        left.len().cmp(&right.len()).then_with(|| left.cmp(right))
    }
}

impl PartialOrd for Sequence {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Place {
    /// What a position of a grant, a range or the checkpoint says.
    ///
    /// # Errors
    /// If it was written by something else.
    pub(crate) fn of(position: &Position) -> Result<Self, SourceError> {
        position.as_str().parse().map_err(SourceError::Fatal)
    }

    /// Whether a record stands behind this place, so that reading up to here leaves it out.
    pub(crate) fn is_before(&self, sequence: &Sequence, sub: u64) -> bool {
        match self {
            Self::TrimHorizon | Self::Timestamp(_) | Self::At(_) => true,
            Self::After(last, last_sub) => (sequence, sub) > (last, *last_sub),
            Self::End => false,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TrimHorizon => f.write_str(TRIM_HORIZON),
            Self::Timestamp(millis) => write!(f, "{AT_TIMESTAMP}{millis}"),
            Self::At(sequence) => write!(f, "{AT_SEQUENCE_NUMBER}{sequence}"),
            Self::After(sequence, sub) => write!(f, "{sequence}:{sub}"),
            Self::End => f.write_str(SHARD_END),
        }
    }
}

impl From<&Place> for Position {
    fn from(place: &Place) -> Self {
        place.to_string().into()
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let place = match text {
            TRIM_HORIZON => Some(Self::TrimHorizon),
            SHARD_END => Some(Self::End),
            _ => match (text.strip_prefix(AT_TIMESTAMP), text.strip_prefix(AT_SEQUENCE_NUMBER)) {
                (Some(millis), _) => millis.parse().ok().map(Self::Timestamp),
                (_, Some(sequence)) => sequence.parse().ok().map(Self::At),
                (None, None) => text.split_once(':').and_then(|(sequence, sub)| {
                    Some(Self::After(sequence.parse().ok()?, sub.parse().ok()?))
                }),
            },
        };
        place.ok_or_else(|| {
            format!(
                "`{text}` is no position in a shard: does the checkpoint belong to another source?"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sequence(text: &str) -> Sequence {
        text.parse().unwrap()
    }

    #[test]
    fn positions_sort_as_places_do() {
        let big = "49590338271490256608559692538361571095921575989136588898";
        let places = [
            Place::At(sequence(big)),
            Place::After(sequence("9"), 0),
            Place::After(sequence("9"), 9),
            Place::After(sequence("9"), 10),
            Place::After(sequence("10"), 0),
            Place::After(sequence(big), 0),
            Place::End,
        ];
        for pair in places.windows(2) {
            assert!(Position::from(&pair[0]) < Position::from(&pair[1]), "{pair:?}");
        }
        let first = Position::from(&places[1]);
        for place in [Place::TrimHorizon, Place::Timestamp(1_700_000_000_000)] {
            assert!(Position::from(&place) < first, "{place}");
        }
    }

    #[test]
    fn what_a_place_leaves_out() {
        let seven = sequence("7");
        for (place, before) in [
            (Place::TrimHorizon, true),
            (Place::End, false),
            (Place::After(sequence("6"), 5), true),
            (Place::After(sequence("07"), 1), true),
            (Place::After(sequence("7"), 2), false),
            (Place::After(sequence("10"), 0), false),
        ] {
            assert_eq!(place.is_before(&seven, 2), before, "{place}");
        }
    }

    #[test]
    fn what_is_no_position_is_refused() {
        for text in [
            "",
            "7",
            "7:",
            ":7",
            "x:1",
            "7:-1",
            "LATEST",
            "0/AT_TIMESTAMP/",
            "0/AT_SEQUENCE_NUMBER/x",
        ] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
        assert!("9".repeat(129).parse::<Sequence>().is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_can_be_read(number in "[1-9][0-9]{0,60}", sub: u64, millis: i64) {
            let number = sequence(&number);
            for place in [
                Place::TrimHorizon,
                Place::Timestamp(millis),
                Place::At(number.clone()),
                Place::After(number.clone(), sub),
                Place::End,
            ] {
                prop_assert_eq!(place.to_string().parse(), Ok(place));
            }
        }
    }
}

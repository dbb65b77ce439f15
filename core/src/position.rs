//! Where the next read of a split begins.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Where the next read of a split begins: a Kafka offset, a Kinesis sequence number, a byte
/// offset in a file.
///
/// The engine never looks inside. It relies on two things only: a source understands the text
/// that it wrote earlier, also with a newer binary, and positions of one split are ordered.
/// The order is the *natural* one: runs of digits compare as numbers of any length, all else
/// byte by byte. So `9` stands before `10`, and `4959:2` before `4959:10`.
///
/// ```
/// use forebay_core::Position;
/// assert!(Position::from("9") < Position::from("10"));
/// assert!(Position::from("4959:2") < Position::from("4959:10"));
/// assert!(Position::from(7_u64) == Position::from("7"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(Arc<str>);

impl Position {
    /// The stable text that stands in the checkpoint.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The position as a number, for sources whose positions are plain numbers.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        self.0.parse().ok()
    }
}

impl From<&str> for Position {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Position {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<u64> for Position {
    fn from(number: u64) -> Self {
        Self(number.to_string().into())
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl PartialOrd for Position {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Position {
    fn cmp(&self, other: &Self) -> Ordering {
        natural_order(self.0.as_bytes(), other.0.as_bytes())
            // `7` and `07` name the same number but are different texts.
            .then_with(|| self.0.cmp(&other.0))
    }
}

fn natural_order(mut left: &[u8], mut right: &[u8]) -> Ordering {
    loop {
        match (left.first(), right.first()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(l), Some(r)) if l.is_ascii_digit() && r.is_ascii_digit() => {
                let (left_number, left_rest) = split_number(left);
                let (right_number, right_rest) = split_number(right);
                let order = left_number
                    .len()
                    .cmp(&right_number.len())
                    .then_with(|| left_number.cmp(right_number));
                if order != Ordering::Equal {
                    return order;
                }
                (left, right) = (left_rest, right_rest);
            }
            (Some(l), Some(r)) if l == r => (left, right) = (&left[1..], &right[1..]),
            (Some(l), Some(r)) => return l.cmp(r),
        }
    }
}

/// Splits a run of digits off the front, without its leading zeros.
fn split_number(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    let zeros = number.iter().take_while(|byte| **byte == b'0').count();
    (&number[zeros..], rest)
}

#[cfg(test)]
mod tests {
    use super::Position;
    use proptest::prelude::*;

    #[test]
    fn kinesis_sequence_numbers_compare_as_numbers() {
        let shorter = Position::from("49590338271490256608559692538361571095921575989136588898");
        let longer = Position::from("149590338271490256608559692538361571095921575989136588898");
        assert!(shorter < longer);
    }

    proptest! {
        #[test]
        fn numbers_order_as_numbers(a: u64, b: u64) {
            prop_assert_eq!(Position::from(a).cmp(&Position::from(b)), a.cmp(&b));
        }

        #[test]
        fn the_order_is_total(a in "[0-9a:]{0,6}", b in "[0-9a:]{0,6}", c in "[0-9a:]{0,6}") {
            let (a, b, c) = (Position::from(a), Position::from(b), Position::from(c));
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
            if a <= b && b <= c {
                prop_assert!(a <= c);
            }
            prop_assert_eq!(a == b, a.cmp(&b).is_eq());
        }
    }
}

//! One record, as the scenarios make it and find it again.

use std::fmt;

use serde_json::{Value, json};

/// What tells a record from every other one: its place in a sequence. A lane is what keeps order:
/// a split, a client, a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// The sequence.
    pub lane: String,
    /// The place in it.
    pub number: u64,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.lane, self.number)
    }
}

/// A record of the scenarios: its identity, and a text that follows from it, so that a record
/// that was mangled or mixed with another is found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record(pub Identity);

impl Record {
    /// The record at a place in a lane.
    #[must_use]
    pub fn new(lane: &str, number: u64) -> Self {
        Self(Identity { lane: lane.to_owned(), number })
    }

    /// The columns, as a schema in a configuration.
    pub const SCHEMA: &'static str = r#"{ lane = "text", number = "bigint", text = "text" }"#;

    /// The record as one line of JSON, without the end of the line.
    #[must_use]
    pub fn line(&self) -> String {
        self.value().to_string()
    }

    /// The record as a value.
    #[must_use]
    pub fn value(&self) -> Value {
        let Identity { lane, number } = &self.0;
        json!({ "lane": lane, "number": number, "text": self.text() })
    }

    /// The length and content follow from the identity; some texts hold what CSV and JSON have to
    /// escape.
    fn text(&self) -> String {
        let Identity { lane, number } = &self.0;
        let filler = ["plain", "two\nlines", "\"quoted\"", "a,b", "ünï→cødé", "back\\slash"];
        let words = 1 + usize::try_from(number % 7).unwrap_or(0);
        let chosen = usize::try_from(number % 6).unwrap_or(0);
        format!("{lane}:{number}:{}", vec![filler[chosen]; words].join(" "))
    }
}

/// The identity of a value that has `lane` and `number`.
#[must_use]
pub fn identity(value: &Value) -> Option<Identity> {
    Some(Identity {
        lane: value.get("lane")?.as_str()?.to_owned(),
        number: value.get("number")?.as_u64()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_line_and_is_known_again() {
        for number in 0..100 {
            let record = Record::new("north", number);
            assert!(!record.line().contains('\n'));
            let value: Value = serde_json::from_str(&record.line()).unwrap();
            assert_eq!(identity(&value), Some(record.0));
        }
    }
}

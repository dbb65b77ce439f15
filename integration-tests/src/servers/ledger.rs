//! Numbered records, each of which can be told to be right.

use serde_json::{Value, json};

pub use super::audit::{Audit, Findings};
use super::kafka::Message;

/// A sequence of records that follow from their numbers: whatever arrives anywhere can be compared
/// with what was written, without keeping it.
#[derive(Clone, Debug)]
pub struct Ledger {
    keys: u64,
    hot: bool,
    written: u64,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key, within which order is kept.
    pub customer: String,
    /// The place in the ledger, from 0 on; within a key it grows.
    pub number: i64,
    /// Cents.
    pub amount: i64,
    /// Some words.
    pub note: String,
    /// A checksum of all the rest.
    pub checksum: i64,
}

impl Ledger {
    /// An empty ledger with so many keys, at least one.
    #[must_use]
    pub fn new(keys: u64) -> Self {
        Self { keys: keys.max(1), hot: false, written: 0 }
    }

    /// One key has every other record.
    #[must_use]
    pub fn with_a_hot_key(mut self) -> Self {
        self.hot = true;
        self
    }

    /// How many records were written.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Writes so many records more: they are due from now on.
    pub fn write(&mut self, count: u64) -> impl Iterator<Item = Entry> + use<> {
        let from = self.written;
        self.written += count;
        let ledger = self.clone();
        (from..self.written).map(move |number| ledger.entry(number))
    }

    /// The record with a number, whether it was written or not.
    #[must_use]
    pub fn entry(&self, number: u64) -> Entry {
        // Spread, so that neighbours differ; https://prng.di.unimi.it/splitmix64.c
        let spread = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let key = match self.hot && number.is_multiple_of(2) {
            true => 0,
            false => (spread >> 32) % self.keys,
        };
        let filler = ["plain", "two\nlines", "\"quoted\"", "a,b", "ünï→cødé", "back\\slash", ""];
        let chosen = filler[usize::try_from(spread % 7).unwrap_or(0)];
        let words = 1 + usize::try_from((spread >> 8) % 6).unwrap_or(0);
        let mut entry = Entry {
            customer: format!("customer-{key}"),
            number: i64::try_from(number).unwrap_or(i64::MAX),
            amount: i64::from((spread >> 40) as u32) - 1_000_000,
            note: vec![chosen; words].join(" "),
            checksum: 0,
        };
        entry.checksum = entry.sum();
        entry
    }

    /// An empty audit of what arrived of this ledger.
    #[must_use]
    pub fn audit(&self) -> Audit {
        Audit::new(self.clone())
    }
}

impl Entry {
    /// The columns, as a schema in a configuration of Forebay.
    pub const SCHEMA: &'static str = r#"{ customer = "text", number = "bigint", amount = "bigint", note = "text", checksum = "bigint" }"#;

    /// The columns of a Cassandra table, and its key: one partition per customer.
    pub const CQL: &'static str = "customer text, number bigint, amount bigint, note text, \
                                   checksum bigint, PRIMARY KEY (customer, number)";

    /// The names of the columns, for a `SELECT` whose rows are [`Entry::from_row`]'s.
    pub const COLUMNS: &'static str = "customer, number, amount, note, checksum";

    fn sum(&self) -> i64 {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(self.customer.as_bytes());
        hasher.update(&self.number.to_be_bytes());
        hasher.update(&self.amount.to_be_bytes());
        hasher.update(self.note.as_bytes());
        i64::from(hasher.finalize())
    }

    /// Whether the checksum is that of the rest.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.checksum == self.sum()
    }

    /// The record as JSON.
    #[must_use]
    pub fn value(&self) -> Value {
        let Self { customer, number, amount, note, checksum } = self;
        json!({
            "customer": customer, "number": number, "amount": amount, "note": note,
            "checksum": checksum,
        })
    }

    /// The record out of JSON, if it has the columns, and no others.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        let entry = Self {
            customer: value.get("customer")?.as_str()?.to_owned(),
            number: value.get("number")?.as_i64()?,
            amount: value.get("amount")?.as_i64()?,
            note: value.get("note")?.as_str()?.to_owned(),
            checksum: value.get("checksum")?.as_i64()?,
        };
        (value.as_object()?.len() == 5).then_some(entry)
    }

    /// The record for Kafka: the customer as key, JSON as value.
    #[must_use]
    pub fn message(&self) -> Message {
        Message::new(self.customer.as_str(), self.value().to_string())
    }

    /// The record out of a row of Cassandra.
    #[must_use]
    pub fn from_row(row: (String, i64, Option<i64>, Option<String>, Option<i64>)) -> Option<Self> {
        let (customer, number, amount, note, checksum) = row;
        Some(Self { customer, number, amount: amount?, note: note?, checksum: checksum? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_record_survives_json_and_a_changed_one_is_found() {
        let ledger = Ledger::new(10);
        for number in 0..1_000 {
            let entry = ledger.entry(number);
            assert!(entry.is_intact());
            let value = serde_json::from_str(&entry.value().to_string()).unwrap();
            assert_eq!(Entry::from_value(&value), Some(entry.clone()));
            assert!(!Entry { amount: entry.amount + 1, ..entry }.is_intact());
        }
    }

    #[test]
    fn keys_are_as_many_as_asked_for_and_one_is_hot() {
        let keys = |ledger: &Ledger| -> BTreeSet<String> {
            (0..1_000).map(|number| ledger.entry(number).customer).collect()
        };
        assert_eq!(keys(&Ledger::new(5)).len(), 5);
        let hot = Ledger::new(100).with_a_hot_key();
        let of_zero = (0..1_000).filter(|number| hot.entry(*number).customer == "customer-0");
        assert!((500..550).contains(&of_zero.count()));
    }
}
